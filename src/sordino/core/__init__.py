"""The words everything else is written in: records, seams, identity, errors. Imports nothing of Sordino."""
