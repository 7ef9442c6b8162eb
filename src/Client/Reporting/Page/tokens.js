// Picking a token by mouse, finger or keyboard, and the panel that says what became of it.

let pinned = -1;
let shownSlot = -1;
let panel = null;

function buildPanel() {
  const { box, canvas } = framePicture(0, "large");
  box.style.setProperty("--columns", columns);
  box.style.setProperty("--rows", rows);
  const keys = [["◀", "left", -1, 0], ["▲", "up", 0, -1], ["▼", "down", 0, 1], ["▶", "right", 1, 0]].map(([sign, word, x, y]) => {
    const button = make("button", { type: "button", "aria-label": `Token to the ${word}`.replace("to the up", "above").replace("to the down", "below") }, sign);
    button.addEventListener("click", () => move(x, y));
    return button;
  });
  const jump = [["‹ frame", "Previous frame", -1], ["frame ›", "Next frame", 1]].map(([text, label, by]) => {
    const button = make("button", { type: "button", "aria-label": label }, text);
    button.addEventListener("click", () => moveFrame(by));
    return button;
  });
  panel = {
    box, canvas,
    where: make("p", { class: "where" }),
    badge: make("span", { class: "badge" }),
    sentence: make("p", { class: "sentence", "aria-live": "polite" }),
    steps: make("ol", { class: "steps" }),
    relation: make("p", { class: "relation" }),
  };
  document.getElementById("why").append(
    make("div", { class: "zoom" }, box, make("div", { class: "keys" }, keys, jump)),
    make("div", { class: "text" }, panel.where, panel.sentence, panel.steps, panel.relation,
      make("p", { class: "relation" }, relevanceNote),
      make("p", { class: "hint" }, "Point at any token, tap it, or focus the frames and use the arrow keys; Page Up and Page Down change the frame", lastLevel > 0 ? `, 0 to ${lastLevel} the step.` : ".")));
  listen(box, () => Math.floor(shownSlot / positions));
}

/** Shows a token's fate; a pinned one stays when the pointer leaves. */
function select(slot, pin) {
  if (pin) pinned = slot;
  if (slot === shownSlot) return;
  const changed = Math.floor(slot / positions) !== Math.floor(shownSlot / positions);
  shownSlot = slot;
  const { outcome, sentence, steps, related, relation } = explain(slot);
  const frame = frameOf(slot);
  const segment = segmentOf(frame);
  panel.badge.textContent = outcome;
  panel.badge.className = `badge ${outcome}`;
  panel.where.replaceChildren(panel.badge,
    ` ${clock(timeOf(frame))}, ${placeOf(positionOf(slot))}${segment ? `, segment ${segment.index + 1}` : ""}`);
  panel.sentence.textContent = sentence;
  panel.steps.replaceChildren(...steps.map((step) => make("li", {},
    make("b", {}, step.name), make("span", { class: `badge ${step.outcome === "stays" ? "kept" : step.outcome}` }, step.outcome), make("span", {}, step.text))));
  panel.relation.textContent = related.length > 0 ? `Outlined in white: ${related.length === 1 ? "the token" : `${whole(related.length)} tokens`} ${relation}.` : "";
  if (changed) {
    const shownAt = Math.floor(slot / positions);
    const image = panel.box.querySelector("img");
    if (image && pictures[shownAt]) image.src = pictures[shownAt];
    paintEnlarged(level, level, 1);
  }
  mark(slot, related);
}

function paintEnlarged(from, to, part) {
  if (panel && shownSlot >= 0) paint(panel.canvas, Math.floor(shownSlot / positions), from, to, part);
}

function mark(slot, related) {
  document.querySelectorAll(".mark").forEach((old) => old.remove());
  const put = (box, at, kind) => {
    const square = make("i", { class: `mark ${kind}` });
    square.style.left = `${((positionOf(at) % columns) / columns) * 100}%`;
    square.style.top = `${(Math.floor(positionOf(at) / columns) / rows) * 100}%`;
    square.style.width = `${100 / columns}%`;
    square.style.height = `${100 / rows}%`;
    box.append(square);
  };
  const shownAt = Math.floor(slot / positions);
  for (const other of related) {
    put(overlays[Math.floor(other / positions)].box, other, "related");
    if (Math.floor(other / positions) === shownAt) put(panel.box, other, "related");
  }
  put(overlays[shownAt].box, slot, "chosen");
  put(panel.box, slot, "chosen");
}

function move(x, y) {
  const position = positionOf(shownSlot);
  const column = Math.min(columns - 1, Math.max(0, (position % columns) + x));
  const row = Math.min(rows - 1, Math.max(0, Math.floor(position / columns) + y));
  const next = Math.min(positions - 1, row * columns + column);
  select(shownSlot - position + next, true);
}

function moveFrame(by) {
  const shownAt = Math.floor(shownSlot / positions) + by;
  if (shownAt < 0 || shownAt >= report.shown.length) return;
  select(shownAt * positions + positionOf(shownSlot), true);
  overlays[shownAt].box.scrollIntoView({ block: "nearest" });
}

function slotUnder(event, box, shownAt) {
  const area = box.getBoundingClientRect();
  const column = Math.floor(((event.clientX - area.left) / area.width) * columns);
  const row = Math.floor(((event.clientY - area.top) / area.height) * rows);
  const position = Math.min(rows - 1, Math.max(0, row)) * columns + Math.min(columns - 1, Math.max(0, column));
  return shownAt() * positions + Math.min(positions - 1, position);
}

function listen(box, shownAt) {
  box.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") select(slotUnder(event, box, shownAt), false);
  });
  box.addEventListener("click", (event) => select(slotUnder(event, box, shownAt), true));
}

function buildTokens() {
  buildPanel();
  const grid = document.getElementById("frames");
  overlays.forEach(({ box }, shownAt) => listen(box, () => shownAt));
  for (const area of [grid, panel.box]) {
    area.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") select(pinned, false); });
    area.tabIndex = 0;
    area.setAttribute("role", "application");
    area.setAttribute("aria-label", "Tokens: arrow keys choose a token, Page Up and Page Down a frame");
    area.addEventListener("keydown", onKey);
  }
  select(firstChoice(), true);
}

function onKey(event) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (arrows[event.key]) move(...arrows[event.key]);
  else if (event.key === "PageUp") moveFrame(-1);
  else if (event.key === "PageDown") moveFrame(1);
  else if (/^\d$/.test(event.key) && Number(event.key) <= lastLevel) { stopPlaying(); showLevel(Number(event.key)); }
  else return;
  event.preventDefault();
}

// The page opens on a token that has a story: one that stayed and stands for the most others.
function firstChoice() {
  let best = Math.max(0, leftAt.findIndex((left) => left < 0));
  for (let slot = 0; slot < leftAt.length; slot++) {
    if (leftAt[slot] < 0 && absorbed[slot] > absorbed[best]) best = slot;
  }
  return best;
}
