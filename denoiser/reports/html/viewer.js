"use strict";
// Compare pictures and look at them closely; without this script a page shows the same pictures side by side.

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Call `moved(event, dx, dy)` while a pointer is dragged on an element, `tapped(event)` where it did not move.
 * The browser handles a finger that first moves up or down, and two fingers: they scroll and enlarge the page.
 */
function draggable(element, { moved, tapped }) {
  let start = null, last = null, dragging = false;
  element.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary) start = null;
    if (event.button || !event.isPrimary) return;
    [start, last, dragging] = [event, event, false];
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (!start || event.pointerId !== start.pointerId) return;
    const [right, down] = [Math.abs(event.clientX - start.clientX), Math.abs(event.clientY - start.clientY)];
    if (!dragging && Math.hypot(right, down) <= 3) return;
    if (!dragging && event.pointerType === "touch" && down >= right) {
      start = null;
      return;
    }
    dragging = true;
    moved(event, event.clientX - last.clientX, event.clientY - last.clientY);
    last = event;
  });
  element.addEventListener("pointerup", (event) => {
    if (start && !dragging) tapped(event);
    start = null;
  });
  element.addEventListener("pointercancel", () => { start = null; });
}

/** Call `ready()` when the pictures are decoded; those that load lazily are loaded when the figure comes near. */
function whenNear(figure, pictures, ready) {
  const decode = () => Promise.all(pictures.map((picture) => picture.decode())).then(ready);
  if (pictures[0].loading !== "lazy") {
    decode();
    return;
  }
  new IntersectionObserver((changes, observer) => {
    if (!changes.some((change) => change.isIntersecting)) return;
    observer.disconnect();
    for (const picture of pictures) picture.loading = "eager"; // because they are hidden
    decode();
  }, { rootMargin: "1000px" }).observe(figure);
}

/** The divider between two pictures. */
function compare(figure, pictures, look) {
  const stage = figure.querySelector(".stage"), range = stage.querySelector("input");
  const layers = ["left", "right"].map((side) => {
    const image = document.createElement("img"), tag = stage.querySelector(`.tag.${side}`);
    image.className = side;
    image.draggable = false;
    image.loading = pictures[0].loading;
    const select = figure.querySelector(`select.${side}`);
    const show = () => {
      const panel = pictures[select.value];
      image.src = panel.src;
      image.alt = panel.alt;
      tag.textContent = select.selectedOptions[0].dataset.tag;
    };
    select.addEventListener("change", show);
    show();
    return image;
  });
  stage.prepend(layers[1], layers[0]);
  const split = (percent) => {
    range.value = percent;
    stage.style.setProperty("--at", `${range.value}%`);
  };
  const position = (event) => {
    const box = stage.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  range.addEventListener("input", () => split(range.value));
  range.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    split(Number(range.value) + by);
  });
  draggable(stage, {
    moved: (event) => {
      split(position(event)[0] * 100);
      range.focus({ preventScroll: true });
    },
    tapped: (event) => look(...position(event)),
  });
  split(range.value);
}

/** The same block of every panel, enlarged; returns a function that moves its centre to a fraction of width and height. */
function zoom(figure, pictures) {
  const [width, height] = figure.dataset.size.split(" ").map(Number);
  const [worstTop, worstLeft, worstSide] = figure.dataset.worst.split(" ").map(Number);
  const group = figure.querySelector(".tiles"), box = figure.querySelector(".box"), words = figure.querySelector("output");
  const blocks = [...group.querySelectorAll("img")];
  const canvases = blocks.map((block) => {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", block.alt);
    block.after(canvas);
    return canvas;
  });
  let x, y, side; // the centre and the side of the block, in pixels of the picture

  function draw() {
    side = clamp(side, Math.min(8, width, height), Math.min(width, height));
    [x, y] = [clamp(x, side / 2, width - side / 2), clamp(y, side / 2, height - side / 2)];
    const [left, top] = [Math.round(x - side / 2), Math.round(y - side / 2)];
    canvases.forEach((canvas, i) => {
      canvas.width = canvas.height = side;
      const context = canvas.getContext("2d"), scale = pictures[i].naturalWidth / width;
      context.drawImage(pictures[i], left * scale, top * scale, side * scale, side * scale, 0, 0, side, side);
      context.drawImage(blocks[i], worstLeft - left, worstTop - top); // exact, the picture may be reduced
    });
    const percent = { left: left / width, top: top / height, width: side / width, height: side / height };
    for (const [key, value] of Object.entries(percent)) box.style[key] = `${value * 100}%`;
    words.textContent = `${side} × ${side} pixels, ${(canvases[0].clientWidth / side).toFixed(1)}×`;
  }
  const move = (dx, dy) => { x += dx; y += dy; draw(); };
  const scale = (factor) => { side = factor < 1 ? Math.floor(side * factor) : Math.ceil(side * factor); draw(); };
  const reset = () => {
    const enlarged = Math.floor(canvases[0].clientWidth / 2); // at least twice as large, on a telephone too
    [x, y, side] = [worstLeft + worstSide / 2, worstTop + worstSide / 2, Math.min(worstSide, enlarged)];
    draw();
  };
  const [inwards, outwards] = [() => scale(0.8), () => scale(1.25)];
  const step = () => Math.max(1, Math.round(side / 8));
  const keys = {
    ArrowLeft: () => move(-step(), 0), ArrowRight: () => move(step(), 0),
    ArrowUp: () => move(0, -step()), ArrowDown: () => move(0, step()),
    "+": inwards, "=": inwards, "-": outwards, Home: reset,
  };
  group.tabIndex = 0;
  group.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  group.addEventListener("wheel", (event) => {
    if (document.activeElement !== group) return; // otherwise the wheel scrolls the page
    event.preventDefault();
    (event.deltaY < 0 ? inwards : outwards)();
  }, { passive: false });
  figure.querySelector(".in").addEventListener("click", inwards);
  figure.querySelector(".out").addEventListener("click", outwards);
  figure.querySelector(".reset").addEventListener("click", reset);
  for (const canvas of canvases) {
    draggable(canvas, {
      moved: (event, dx, dy) => move((-dx * side) / canvas.clientWidth, (-dy * side) / canvas.clientWidth),
      tapped: (event) => {
        const at = canvas.getBoundingClientRect();
        move(((event.clientX - at.left) / at.width - 0.5) * side, ((event.clientY - at.top) / at.height - 0.5) * side);
      },
    });
  }
  whenNear(figure, [...pictures, ...blocks], () => {
    reset();
    addEventListener("resize", draw);
  });
  return (right, down) => { [x, y] = [right * width, down * height]; draw(); };
}

for (const words of document.querySelectorAll(".scripted")) words.hidden = false;
for (const figure of document.querySelectorAll("figure.viewer")) {
  const pictures = [...figure.querySelectorAll(".panels img")];
  figure.classList.add("live");
  compare(figure, pictures, zoom(figure, pictures));
}
