// Tells the answer at each value of a what-if chart, under the pointer and by the arrow keys.
// Without this file the tables below the charts do.

{
  const SVG = "http://www.w3.org/2000/svg";

  // A chart's values and answers stand in its table, and their places in the line itself.
  const pointsOf = (plot) => {
    const place = [...document.querySelectorAll(".course-plot")].indexOf(plot);
    const rows = document.querySelectorAll("[data-course]")[place].tBodies[0].rows;
    const line = plot.querySelector("polyline.curve-line").getAttribute("points").split(" ");
    return line.map((pair, index) => {
      const [x, y] = pair.split(",").map(Number);
      const [value, answer] = [...rows[index].cells].map((cell) => cell.textContent);
      return { x, y, value, answer, isPresent: rows[index].classList.contains("bars-first") };
    });
  };

  const probeOf = (plot) => {
    const known = plot.querySelector(".curve-probe");
    if (known) return known;
    const probe = document.createElementNS(SVG, "circle");
    probe.setAttribute("class", "curve-probe");
    probe.setAttribute("r", "4");
    return plot.querySelector("[data-plot]").appendChild(probe);
  };

  const tell = (plot, points, index) => {
    const point = points[index];
    const probe = probeOf(plot);
    probe.setAttribute("cx", `${point.x}%`);
    probe.setAttribute("cy", `${point.y}%`);
    const words = `${point.value}: ${point.answer}`;
    plot.parentElement.querySelector("[data-told]").textContent = words;
    plot.setAttribute("aria-valuenow", index);
    plot.setAttribute("aria-valuetext", words);
  };

  const nearest = (points, x) =>
    points.reduce(
      (best, point, index) => (Math.abs(point.x - x) < Math.abs(points[best].x - x) ? index : best),
      0,
    );

  const step = (key, index, last) =>
    ({
      ArrowLeft: index - 1,
      ArrowDown: index - 1,
      ArrowRight: index + 1,
      ArrowUp: index + 1,
      PageDown: index - 5,
      PageUp: index + 5,
      Home: 0,
      End: last,
    })[key];

  const ready = () => {
    for (const plot of document.querySelectorAll(".course-plot")) {
      const points = pointsOf(plot);
      const present = points.findIndex((point) => point.isPresent);
      plot.tabIndex = 0;
      plot.setAttribute("role", "slider");
      plot.setAttribute("aria-label", plot.dataset.label);
      plot.setAttribute("aria-describedby", plot.dataset.namedBy);
      plot.setAttribute("aria-valuemin", 0);
      plot.setAttribute("aria-valuemax", points.length - 1);
      tell(plot, points, Math.max(0, present));
      plot.querySelector(".curve-probe").remove();
      plot.addEventListener("pointermove", (event) => {
        const box = plot.querySelector(".curve").getBoundingClientRect();
        tell(plot, points, nearest(points, (100 * (event.clientX - box.left)) / box.width));
      });
      plot.addEventListener("keydown", (event) => {
        const last = points.length - 1;
        const wanted = step(event.key, Number(plot.getAttribute("aria-valuenow")), last);
        if (wanted === undefined) return;
        event.preventDefault();
        tell(plot, points, Math.min(last, Math.max(0, wanted)));
      });
    }
  };

  ready();
  document.addEventListener("answered", ready);
}
