// Tables that sort by a click on a heading, and filters over their rows. Without this file the pages are whole, and still.
"use strict";

const collator = new Intl.Collator(undefined, { numeric: true });

function value(row, column) {
  const cell = row.cells[column];
  return cell.dataset.v ?? cell.textContent.trim();
}

// Numbers by size, texts by the reader's alphabet; what has no value comes last in either direction.
function compare(a, b, direction) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const difference = Number(a) - Number(b);
  return direction * (Number.isNaN(difference) ? collator.compare(a, b) : difference);
}

function sort(table, heading) {
  const column = heading.cellIndex;
  const descending = heading.getAttribute("aria-sort") === "ascending";
  const rows = Array.from(table.tBodies[0].rows, (row) => [value(row, column), row]);
  rows.sort((a, b) => compare(a[0], b[0], descending ? -1 : 1));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    if (heading.dataset.sort) heading.setAttribute("aria-sort", heading.dataset.sort === "up" ? "ascending" : "descending");
    button.addEventListener("click", () => sort(table, heading));
  }
}

for (const form of document.querySelectorAll("form.filter")) {
  const rows = Array.from(document.getElementById(form.dataset.table).tBodies[0].rows);
  const [text, state] = [form.querySelector("input"), form.querySelector("select")];
  const update = () => {
    const wanted = text.value.normalize("NFC").toLocaleLowerCase();
    let count = 0;
    for (const row of rows) {
      const names = Array.from(row.querySelectorAll("bdi"), (name) => name.textContent).join(" ");
      const isShown =
        names.normalize("NFC").toLocaleLowerCase().includes(wanted) &&
        (!state?.value || row.dataset.state.split(" ").includes(state.value));
      row.hidden = !isShown;
      count += isShown;
    }
    form.querySelector("output").textContent = `${count} / ${rows.length}`;
  };
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  form.querySelector("output").textContent = `${rows.length} / ${rows.length}`;
}

// A page on paper shows what is folded away on a screen, but for mere lists of names of checks.
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open], .brief)")) details.open = true;
});
