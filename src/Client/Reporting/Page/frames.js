// The frames with their tokens: a small canvas over each picture has one pixel per token, and the browser stretches it.

const pictures = report.pictures.map((text) =>
  text && `data:image/jpeg;base64,${text.replaceAll("-", "+").replaceAll("_", "/")}`);
const aspect = report.answer.video.width / report.answer.video.height || 1;
const overlays = [];
let level = 0;

// Veils over the picture, RGBA. Kept tokens have none; the flash shows which ones leave in a step.
const veils = { kept: [0, 0, 0, 0], merged: [38, 99, 235, 0.66], dropped: [62, 70, 82, 0.9], flash: [255, 122, 0, 0.9] };

/** What a token is at a level. */
function stateAt(slot, atLevel) {
  if (isThere(slot, atLevel)) return "kept";
  return outcomeOf(leftAt[slot]);
}

/** A picture with its overlay, in the video's proportions whatever the model made of them. */
function framePicture(shownAt, extra = "") {
  const box = make("div", { class: `picture ${extra}` });
  box.style.aspectRatio = String(aspect);
  if (pictures[shownAt]) {
    box.append(make("img", { src: pictures[shownAt], alt: "", draggable: "false", loading: shownAt > 40 ? "lazy" : "eager" }));
  }
  const canvas = make("canvas", { width: columns, height: rows, "aria-hidden": "true" });
  box.append(canvas);
  return { box, canvas };
}

/** Paints one frame's tokens on the way from one level to another; part runs from 0 to 1. */
function paint(canvas, shownAt, from, to, part) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < positions; i++) {
    const slot = shownAt * positions + i;
    const [before, after] = [stateAt(slot, from), stateAt(slot, to)];
    let veil = veils[after];
    if (before !== after && part < 1) {
      const leaves = after !== "kept";
      veil = !leaves ? mix(veils[before], veils[after], part)
        : part < 0.4 ? mix(veils[before], veils.flash, part / 0.4)
        : mix(veils.flash, veils[after], (part - 0.4) / 0.6);
    }
    image.data.set([veil[0], veil[1], veil[2], veil[3] * 255], i * 4);
  }
  context.putImageData(image, 0, 0);
}

// An end without any veil takes the other one's colour, or the way there would lead through black.
function mix(a, b, part) {
  const [from, to] = [a[3] === 0 ? [...b.slice(0, 3), 0] : a, b[3] === 0 ? [...a.slice(0, 3), 0] : b];
  return from.map((value, i) => value + (to[i] - value) * part);
}

const shadeOf = (segment) => (segment.index % 2 ? "odd" : "even");

function buildFrames() {
  const grid = document.getElementById("frames");
  grid.classList.toggle("tall", aspect < 0.8);
  grid.classList.toggle("segmented", segments.length > 1);
  report.shown.forEach((frame, shownAt) => {
    const segment = segmentOf(frame);
    const { box, canvas } = framePicture(shownAt);
    const counts = make("span", { class: "count" });
    const bars = make("span", { class: "bars", "aria-hidden": "true" }, levels.map((_, i) => {
      const bar = make("i");
      bar.style.height = `${Math.max(4, (report.frameCounts[i][frame] / positions) * 100)}%`;
      return bar;
    }));
    const isNew = segment && segmentOf(report.shown[shownAt - 1] ?? -1) !== segment;
    const figureElement = make("figure", { class: `frame ${segment ? shadeOf(segment) : ""}` },
      make("div", { class: "segment" }, isNew ? `segment ${segment.index + 1}` : ""), box, make("figcaption", {},
        make("b", {}, clock(timeOf(frame))), counts, bars));
    figureElement.dataset.shownAt = shownAt;
    grid.append(figureElement);
    overlays.push({ frame, canvas, box, counts, bars });
  });
}

let animation = 0;

/** Shows a level; the tokens that leave flash up on the way, unless the reader wants no motion. */
function showLevel(next) {
  const from = level;
  level = next;
  cancelAnimationFrame(animation);
  for (const { frame, counts, bars } of overlays) {
    counts.textContent = `${report.frameCounts[level][frame]}/${positions}`;
    [...bars.children].forEach((bar, i) => bar.classList.toggle("now", i === level));
  }
  document.querySelectorAll("#levels input").forEach((input, i) => { input.checked = i === level; });
  const start = performance.now();
  const span = matchMedia("(prefers-reduced-motion: reduce)").matches || from === next ? 0 : 700;
  const step = (now) => {
    const part = span === 0 ? 1 : Math.min(1, Math.max(0, now - start) / span);
    overlays.forEach(({ canvas }, shownAt) => paint(canvas, shownAt, from, level, part));
    paintEnlarged(from, level, part);
    if (part < 1) animation = requestAnimationFrame(step);
  };
  step(start);
}

function buildLevels() {
  const list = document.getElementById("levels");
  levels.forEach(({ name, count }, i) => {
    const input = make("input", { type: "radio", name: "level", value: i, "aria-label": `${name}: ${plural(count, "token")}` });
    const bar = make("i", { class: "share" });
    bar.style.width = `${(count / tokenTotal) * 100}%`;
    input.addEventListener("change", () => { stopPlaying(); showLevel(i); });
    list.append(make("label", {}, input, make("span", {}, name), make("b", {}, whole(count)), make("i", { class: "track" }, bar)));
  });
  const play = document.getElementById("play");
  play.addEventListener("click", () => (playing ? stopPlaying() : startPlaying()));
  for (const part of [".levels", ".legend"]) document.querySelector(part).hidden = lastLevel === 0;
  document.getElementById("legend-merged").hidden = !stages.some((stage) => stage.rule === "merge");
}

let playing = 0;

function startPlaying() {
  const play = document.getElementById("play");
  play.firstChild.data = "❚❚";
  play.setAttribute("aria-label", "Stop playing the steps");
  if (level === lastLevel) showLevel(0);
  playing = setInterval(() => {
    if (level < lastLevel) showLevel(level + 1);
    if (level === lastLevel) stopPlaying();
  }, 1600);
}

function stopPlaying() {
  const play = document.getElementById("play");
  clearInterval(playing);
  playing = 0;
  play.firstChild.data = "▶";
  play.setAttribute("aria-label", "Play all steps");
}
