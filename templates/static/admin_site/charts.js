/* Draws each chart of the page from the numbers beside it. Without this script their tables hold the same. */
(function () {
  "use strict";

  const HEIGHT = 180;
  const LABELS = window.innerWidth < 640 ? 112 : 132;
  const GAP = 15;
  const DASHES = [[], [], [6, 4], [1.5, 3], [10, 4, 2, 4], [3, 3], [12, 4]];

  function colours() {
    const style = getComputedStyle(document.querySelector(".pr-home"));
    const named = (name) => style.getPropertyValue(name).trim();
    return { accent: named("--pr-accent"), quiet: named("--pr-quiet"), rule: named("--pr-rule") };
  }

  function words(value, unit) {
    if (value === null || value === undefined) return "";
    const digits = Number.isInteger(value) ? 0 : value < 10 ? 2 : 1;
    const number = value.toLocaleString("en-GB", { maximumFractionDigits: digits });
    return unit ? number + " " + unit : number;
  }

  function last(values) {
    for (let at = values.length - 1; at >= 0; at -= 1) if (values[at] !== null) return values[at];
    return null;
  }

  /* Names stand at the ends of their lines, apart from one another. */
  function labels(given, palette, font) {
    return {
      hooks: {
        draw: (plot) => {
          const ratio = window.devicePixelRatio || 1;
          const { left, top, width, height } = plot.bbox;
          const placed = given.series
            .map((each, at) => ({ at, name: each.label, value: last(each.values) }))
            .filter((each) => each.value !== null)
            .map((each) => ({ ...each, y: plot.valToPos(each.value, "y", true) }))
            .sort((one, other) => one.y - other.y);
          let floor = top + 6 * ratio;
          placed.forEach((each) => { each.y = floor = Math.max(each.y, floor); floor += GAP * ratio; });
          let ceiling = top + height - 2 * ratio;
          placed.slice().reverse().forEach((each) => { each.y = ceiling = Math.min(each.y, ceiling); ceiling -= GAP * ratio; });
          const ink = plot.ctx;
          ink.save();
          ink.font = 12 * ratio + "px " + font;
          ink.textBaseline = "middle";
          ink.textAlign = "left";
          placed.forEach((each) => {
            ink.fillStyle = each.at === 0 ? palette.accent : palette.quiet;
            ink.fillText(words(each.value, given.unit) + " " + each.name, left + width + 8 * ratio, each.y, (LABELS - 12) * ratio);
          });
          ink.restore();
        },
      },
    };
  }

  function draw(place) {
    const given = JSON.parse(document.getElementById(place.dataset.numbers).textContent);
    const palette = colours();
    const font = getComputedStyle(place).fontFamily;
    const axis = { stroke: palette.quiet, font: "12px " + font, ticks: { show: false } };
    const options = {
      width: place.clientWidth,
      height: HEIGHT,
      padding: [8, LABELS, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: { y: { range: (plot, low, high) => [0, high > 0 ? high * 1.05 : 1] } },
      axes: [
        { ...axis, size: 28, grid: { show: false }, space: 80, values: (plot, ticks) => ticks.map((each) => new Date(each * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" })) },
        { ...axis, size: 56, space: 44, grid: { stroke: palette.rule, width: 1 }, values: (plot, ticks) => ticks.map((each) => words(each, given.unit)) },
      ],
      series: [{}].concat(
        given.series.map((each, at) => ({
          label: each.label,
          stroke: at === 0 ? palette.accent : palette.quiet,
          width: at === 0 ? 1.75 : 1.1,
          dash: DASHES[Math.min(at, DASHES.length - 1)],
          points: { show: false },
        })),
      ),
      plugins: [labels(given, palette, font)],
    };
    place.replaceChildren();
    return new uPlot(options, [given.days].concat(given.series.map((each) => each.values)), place);
  }

  const places = Array.from(document.querySelectorAll(".pr-drawing"));
  let plots = places.map(draw);
  window.addEventListener("resize", () => plots.forEach((plot, at) => plot.setSize({ width: places[at].clientWidth, height: HEIGHT })));
  // Unfold changes the theme by a class on the root element.
  new MutationObserver(() => {
    plots.forEach((plot) => plot.destroy());
    plots = places.map(draw);
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
})();
