// The banner, the links and the charts of the tab "Realtime". The table is Locust's own; this draws around it, in the
// colours of the page, and is asked for anew whenever Locust's page has replaced what stood there.
(() => {
  "use strict";
  const POLL_MS = 1000;
  const WIDTH = 560, HEIGHT = 220, LEFT = 56, RIGHT = 12, TOP = 12, BOTTOM = 28;
  const SVG = "http://www.w3.org/2000/svg";
  // Okabe and Ito's palette, which colour-blind people can tell apart; each line has a pattern of its own besides.
  const COLOURS = { light: ["#0072b2", "#d55e00", "#aa4499"], dark: ["#56b4e9", "#e69f00", "#f0a6d2"] };
  const PATTERNS = ["", "7 4", "2 3"];
  const CHARTS = [
    { title: "Event to refetch, per second (ms)", lines: { "median": "p50_ms", "95%ile": "p95_ms", "99%ile": "p99_ms" } },
    { title: "Debounce collapse ratio (deliveries per refetch)", lines: { "ratio": "collapse_ratio" } },
    { title: "Per second, and sockets", lines: { "deliveries/s": "deliveries_per_s", "refetches/s": "refetches_per_s", "sockets": "sockets" } },
    { title: "Cross-org leaks so far", lines: { "leaks": "leaks" } },
  ];
  let view = null;
  let hovered = null; // seconds on the run clock under the pointer, on all charts alike

  const element = (name, attributes = {}, text = "") => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };

  const drawn = (parent, name, attributes, text = "") => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    parent.append(made);
    return made;
  };

  const isDark = () => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return red + green + blue < 384;
  };

  const short = (value) =>
    value >= 10 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toFixed(2);

  // The least round number that reaches the value: an axis ends where a person would end it.
  const rounded = (value) => {
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) * power;
  };

  const path = (points, key, x, y) => {
    let pen = "M";
    return points.map((point) => {
      if (point[key] === null) { pen = "M"; return ""; }
      const step = `${pen}${x(point.at_s).toFixed(1)} ${y(point[key]).toFixed(1)}`;
      pen = "L";
      return step;
    }).join("");
  };

  const chart = ({ title, lines }) => {
    const points = view.points;
    const keys = Object.values(lines);
    const values = points.flatMap((point) => keys.map((key) => point[key])).filter((value) => value !== null);
    const highest = rounded(Math.max(1, ...values));
    const span = Math.max(view.window_s, ...points.map((point) => point.at_s));
    const x = (seconds) => LEFT + (WIDTH - LEFT - RIGHT) * seconds / span;
    const y = (value) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / highest;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", title);
    for (const share of [0, 0.5, 1]) {
      const level = y(highest * share);
      drawn(svg, "line", { x1: LEFT, x2: WIDTH - RIGHT, y1: level, y2: level, stroke: "currentColor", "stroke-opacity": 0.2 });
      drawn(svg, "text", { x: LEFT - 6, y: level + 4, "text-anchor": "end" }, short(highest * share));
    }
    for (const share of [0, 0.5, 1]) {
      const anchor = ["start", "middle", "end"][share * 2];
      drawn(svg, "text", { x: x(span * share), y: HEIGHT - 8, "text-anchor": anchor }, `${short(span * share)} s`);
    }
    const colours = COLOURS[isDark() ? "dark" : "light"];
    keys.forEach((key, number) => drawn(svg, "path", {
      d: path(points, key, x, y), fill: "none", stroke: colours[number], "stroke-width": 2,
      "stroke-dasharray": PATTERNS[number], "stroke-linejoin": "round",
    }));
    if (hovered !== null) drawn(svg, "line", { x1: x(hovered), x2: x(hovered), y1: TOP, y2: HEIGHT - BOTTOM, stroke: "currentColor", "stroke-opacity": 0.5 });
    svg.addEventListener("mousemove", (event) => {
      const box = svg.getBoundingClientRect();
      const seconds = ((event.clientX - box.left) * WIDTH / box.width - LEFT) / (WIDTH - LEFT - RIGHT) * span;
      hovered = seconds >= 0 && seconds <= span ? seconds : null;
      draw();
    });
    svg.addEventListener("mouseleave", () => { hovered = null; draw(); });
    return svg;
  };

  const legend = ({ lines }) => {
    const before = view.points.filter((point) => hovered === null || point.at_s <= hovered + 0.5);
    const point = before[before.length - 1];
    const made = element("div", { style: "display:flex;gap:16px;flex-wrap:wrap;font-size:12px;padding-left:16px" });
    const colours = COLOURS[isDark() ? "dark" : "light"];
    Object.entries(lines).forEach(([name, key], number) => {
      const entry = element("span");
      const sample = document.createElementNS(SVG, "svg");
      for (const [attribute, value] of Object.entries({ width: 26, height: 10 })) sample.setAttribute(attribute, value);
      drawn(sample, "line", { x1: 0, x2: 26, y1: 5, y2: 5, stroke: colours[number], "stroke-width": 2, "stroke-dasharray": PATTERNS[number] });
      const value = point && point[key] !== null ? short(point[key]) : "–";
      entry.append(sample, ` ${name}: ${value}`);
      made.append(entry);
    });
    return made;
  };

  const placed = (id, parent, before) => {
    const there = document.getElementById(id);
    if (there && there.parentElement === parent) return there;
    if (there) there.remove();
    const made = element("div", { id });
    parent.insertBefore(made, before);
    return made;
  };

  const LEVELS = { info: "#0288d1", success: "#2e7d32", warning: "#b35c00", error: "#c62828" };

  const drawBanners = () => {
    const main = document.querySelector("main");
    if (!main) return;
    const place = placed("realtime-banners", main, main.firstChild);
    place.replaceChildren(...view.banners.map(({ level, text }) =>
      element("div", { role: "alert", style: `background:${LEVELS[level]};color:#fff;padding:10px 40px;font-size:14px;white-space:pre-line` }, text)));
  };

  const table = () => [...document.querySelectorAll("table")].find((found) => {
    const head = found.querySelector("th");
    return head && head.textContent === "Measure";
  });

  const drawPanel = (container) => {
    const place = placed("realtime-panel", container.parentElement, container);
    const links = element("p", { style: "margin:0 0 16px;font-size:14px" });
    const phase = view.is_over ? "over" : view.phase || "no run yet";
    links.append(view.scenario ? `Scenario ${view.scenario}: ${phase}` : phase);
    if (view.has_report) {
      for (const [href, title] of [["report", "Open the report"], ["summary.json", "summary.json"]]) {
        links.append("  ·  ", element("a", { href: `./realtime/${href}`, target: "_blank", style: "color:inherit" }, title));
      }
    }
    const grid = element("div", { style: "display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px;margin-bottom:16px" });
    if (view.points.length) {
      for (const wanted of CHARTS) {
        const card = element("figure", { class: container.className, style: "margin:0;padding:12px" });
        card.append(element("figcaption", { style: "font-size:14px;padding:0 0 4px 16px" }, wanted.title), legend(wanted), chart(wanted));
        card.querySelectorAll("text").forEach((text) => { text.setAttribute("fill", "currentColor"); text.setAttribute("font-size", "11"); });
        grid.append(card);
      }
    }
    place.replaceChildren(links, grid);
  };

  // Locust asks for its tables only while a test runs: what the run came to would never reach this one.
  const fillTable = (found) => {
    const rows = found.querySelectorAll("tbody tr");
    if (!view.is_over || rows.length !== view.rows.length) return;
    view.rows.forEach((row, number) => {
      Object.values(row).forEach((text, column) => {
        const shown = rows[number].children[column]?.firstChild;
        if (shown?.nodeType === Node.TEXT_NODE && shown.nodeValue !== text) shown.nodeValue = text;
      });
    });
  };

  const draw = () => {
    if (!view) return;
    drawBanners();
    const found = table();
    if (found) {
      drawPanel(found.parentElement);
      fillTable(found);
    }
  };

  const poll = async () => {
    try {
      const answer = await fetch("./realtime/state");
      if (answer.ok) view = await answer.json();
    } catch {
      // The master has gone, or is busy: the next poll tells.
    }
    draw();
    setTimeout(poll, POLL_MS);
  };

  new MutationObserver(() => { if (table() && !document.getElementById("realtime-panel")) draw(); })
    .observe(document.getElementById("root"), { childList: true, subtree: true });
  poll();
})();
