for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button"; button.append(...head.childNodes); head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("thead th").forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => { const s = row.cells[at].dataset.sort; return s === undefined ? null : Number(s); };
      [...body.rows].sort((a, b) => {
        const x = key(a), y = key(b), s = row => row.cells[at].textContent;
        const order = x !== null && y !== null ? x - y : s(a).localeCompare(s(b), "en", {numeric: true});
        if ((x === null) !== (y === null)) return x === null ? 1 : -1;
        return down ? -order : order;
      }).forEach(row => body.append(row));
    });
  });
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => d.open = true));
