// Tables to sort and to filter: every one of class "sortable".

const natural = new Intl.Collator("en", { numeric: true });

/** The sort key of a cell: a number where it starts with one, else its text; empty cells come last. */
function key(row, column) {
  const text = row.cells[column].textContent.trim().replace("−", "-").replaceAll(",", "");
  if (["", "-", "–"].includes(text)) return null;
  const number = text.startsWith("inf") ? Infinity : row.cells[column].matches(".n") ? parseFloat(text) : NaN;
  return Number.isNaN(number) ? text : number;
}

function before(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (typeof a === "number" && typeof b === "number" ? a - b || 0 : natural.compare(a, b));
}

function sortable(table) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    for (const line of head.querySelectorAll("br")) line.before(" ");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const keyed = [...body.rows].map((row) => [key(row, column), row]);
      body.append(...keyed.sort((a, b) => before(a[0], b[0], sign)).map((pair) => pair[1]));
    });
  });
}

/** A select above a table for each head with `data-filter`; rows that match all selects are shown. */
function filterable(table) {
  const bar = document.createElement("p"), selects = [];
  bar.className = "tools";
  const apply = () => {
    for (const row of table.tBodies[0].rows) {
      row.hidden = selects.some(([column, select]) => select.value && row.cells[column].textContent !== select.value);
    }
  };
  for (const head of table.tHead.querySelectorAll("[data-filter]")) {
    const values = new Set([...table.tBodies[0].rows].map((row) => row.cells[head.cellIndex].textContent));
    if (values.size < 2) continue;
    const label = document.createElement("label"), select = document.createElement("select");
    select.add(new Option("all", ""));
    for (const value of [...values].sort(natural.compare)) select.add(new Option(value, value));
    select.addEventListener("change", apply);
    label.append(`${head.textContent} `, select);
    selects.push([head.cellIndex, select]);
    bar.append(label);
  }
  if (selects.length) (table.closest(".scroll") ?? table).before(bar);
}

for (const table of document.querySelectorAll("table.sortable")) {
  if (table.tBodies[0].rows.length < 2) continue;
  filterable(table);
  sortable(table);
}
