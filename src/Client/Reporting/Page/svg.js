// Elements of HTML and SVG without a library.

const isSvg = new Set(["svg", "g", "rect", "path", "line", "circle", "text", "title", "image", "defs", "pattern"]);

/** make("p", {class: "x"}, "text", child): text is always text, never markup. */
function make(name, attributes = {}, ...children) {
  const element = isSvg.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.flat());
  return element;
}

/** A drawing with a picture's role and a text for those who don't see it. */
function drawing(width, height, label) {
  return make("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}

/** Draws into a box, and again when its width changes. */
function drawToWidth(box, draw) {
  let width = 0;
  const update = () => {
    const now = Math.floor(box.clientWidth);
    if (now === width || now === 0) return;
    width = now;
    box.replaceChildren(draw(width));
  };
  // At once, so that nothing below moves later; then in a frame of its own, or the drawing would be a size change
  // inside the observer's round, of which browsers complain.
  update();
  new ResizeObserver(() => requestAnimationFrame(update)).observe(box);
}

/** Round steps for an axis: at most about one label per 80 pixels. */
function ticks(end, width) {
  const most = Math.max(2, Math.floor(width / 80));
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
  const step = steps.find((s) => end / s <= most) ?? 14400;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}
