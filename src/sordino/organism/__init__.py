"""The organisms: small models that ship, and what is planted in them, so that an audit can be checked."""
