// The comparison: one table, and one card per method with the tokens that it kept of the chosen frame.

const report = JSON.parse(document.getElementById("data").textContent);
const { columns } = report;
const rows = Math.ceil(report.positions / columns);
// By fate: dropped before the model, dropped inside, kept to the end. RGBA.
const veils = [[62, 70, 82, 230], [38, 99, 235, 168], [0, 0, 0, 0]];
const titleOf = (row) => row.method === "none" ? "unpruned" : `${row.method} ${(row.budget * 100).toFixed(0)} %`;

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function buildTable() {
  const heads = ["method", "KL", "tokens in", "mean share", "FLOPs", "prune", "prefill", "cache", "answer"];
  const body = report.rows.map((row) => row.refusal
    ? make("tr", {}, make("td", {}, titleOf(row)), make("td", { class: "said", colspan: heads.length - 1 }, row.refusal))
    : make("tr", {},
      make("td", {}, titleOf(row)),
      make("td", {}, row.divergence.toFixed(4)),
      make("td", {}, row.entered.toLocaleString("en")),
      make("td", {}, `${(row.averageRetention * 100).toFixed(1)} %`),
      make("td", { title: `${row.flops.toExponential(3)} by Eq. 12` }, `${(row.flopsRatio * 100).toFixed(1)} %`),
      make("td", {}, `${(row.pruneSeconds * 1000).toFixed(0)} ms`),
      make("td", {}, `${row.prefillSeconds.toFixed(2)} s`),
      make("td", {}, `${(row.cacheBytes / 1e6).toFixed(1)} MB`),
      make("td", { class: row.sameAnswer ? "said same" : "said", dir: "auto" }, row.answer || "(empty)")));
  document.getElementById("table").append(make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col", class: head === "answer" ? "said" : "" }, head)))), make("tbody", {}, ...body)));
}

const cards = [];

function buildCards() {
  for (const row of report.rows.filter((candidate) => candidate.fates)) {
    const box = make("div", { class: "picture" });
    box.style.aspectRatio = String(report.width / report.height || 1);
    const image = make("img", { alt: "", draggable: "false" });
    const canvas = make("canvas", { width: columns, height: rows, "aria-hidden": "true" });
    const count = make("span", { class: "count" });
    box.append(image, canvas);
    document.getElementById("cards").append(
      make("figure", { class: "frame" }, box, make("figcaption", {}, make("b", {}, titleOf(row)), count)));
    cards.push({ row, image, canvas, count });
  }
}

function show(frame) {
  const time = report.times[frame];
  document.getElementById("time").textContent = `${Math.floor(time / 60)}:${(time % 60).toFixed(1).padStart(4, "0")}`;
  for (const { row, image, canvas, count } of cards) {
    if (report.pictures[frame]) image.src = `data:image/jpeg;base64,${report.pictures[frame]}`;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(columns, rows);
    let kept = 0;
    for (let i = 0; i < report.positions; i++) {
      const fate = Number(row.fates[frame * report.positions + i]);
      pixels.data.set(veils[fate], i * 4);
      kept += fate === 2 ? 1 : 0;
    }
    context.putImageData(pixels, 0, 0);
    count.textContent = `${kept} of ${report.positions}`;
  }
}

buildTable();
buildCards();
const slider = document.getElementById("frame");
slider.max = report.times.length - 1;
slider.addEventListener("input", () => show(Number(slider.value)));
show(0);
