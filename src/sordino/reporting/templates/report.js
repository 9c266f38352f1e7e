"use strict";
// Filters the transcripts by the fragment (#t=…&j=…&l=…). Reads attributes, writes text: never markup.
(() => {
  const form = document.getElementById("filter");
  const status = document.getElementById("matching");
  const section = document.getElementById("transcripts");
  const all = [...document.querySelectorAll(".transcript")];
  const counts = JSON.parse(document.getElementById("counts").textContent);
  const names = ["t", "j", "l", "e", "k"];
  const holds = (value, wanted) => !wanted || value.split(" ").includes(wanted);
  const withheld = (state) => (state === "DENIAL" || state === "PARTIAL" ? state + " withheld" : state);
  const texts = new Map();
  const text = (node) => {
    if (!texts.has(node)) texts.set(node, node.textContent.toLowerCase());
    return texts.get(node);
  };

  function inRun(wanted) {
    return counts
      .filter(([t, j, l, k, e]) => {
        const row = { t, j, l, k, e: withheld(e) };
        return names.every((name) => holds(row[name], wanted[name]));
      })
      .reduce((sum, row) => sum + row[5], 0);
  }

  function apply() {
    const wanted = Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
    const query = form.elements.q.value.trim().toLowerCase();
    let shown = 0;
    for (const node of all) {
      const fits = names.every((name) => holds(node.dataset[name], wanted[name]));
      node.hidden = !(fits && (!query || text(node).includes(query)));
      shown += node.hidden ? 0 : 1;
    }
    const said = (number) => number.toLocaleString("en");
    const total = inRun(wanted);
    const { of = "the run's", noun = "matching exchanges" } = status.dataset;
    status.textContent = query
      ? said(shown) + " on this page match."
      : "On this page: " + said(shown) + " of " + of + " " + said(total) + " " + noun + ".";
    return all.filter((node) => !node.hidden);
  }

  function fromFragment() {
    const fragment = location.hash.slice(1);
    if (fragment && !fragment.includes("=")) return;
    const parts = new URLSearchParams(fragment);
    for (const name of [...names, "q"]) {
      const field = form.elements[name];
      field.value = parts.get(name) || "";
      // A name this page does not know must show nothing, not everything.
      if (field.value !== (parts.get(name) || "") && name !== "q") {
        field.add(new Option(parts.get(name), parts.get(name)));
        field.value = parts.get(name);
      }
    }
    const found = apply();
    if (fragment) {
      if (found.length && found.length <= 3) found[0].open = true;
      section.scrollIntoView();
    }
  }

  function toFragment() {
    const parts = new URLSearchParams();
    for (const name of [...names, "q"]) {
      if (form.elements[name].value) parts.set(name, form.elements[name].value);
    }
    history.replaceState(null, "", "#" + (parts.toString() || "transcripts"));
    apply();
  }

  // The anchors serve readers without a script; here the filter leads.
  document.querySelectorAll("#transcripts > a[id]").forEach((anchor) => anchor.remove());
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", toFragment);
  form.addEventListener("reset", () => setTimeout(toFragment));
  window.addEventListener("hashchange", fromFragment);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("main details:not(.transcript):not(.reasoning)").forEach((d) => (d.open = true));
  });
  fromFragment();
})();
