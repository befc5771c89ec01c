// Draws the figures in the page's own colours, again when these change: what is in sight before the page has loaded,
// the others one by one after it, so that nobody waits for pictures further down.
const figures = JSON.parse(document.getElementById("figures").textContent);
const colours = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#ee8866"];

const places = [...document.querySelectorAll("[data-figure]")];

function draw(place) {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  const axis = { gridcolor: of("--line"), zerolinecolor: of("--line"), linecolor: of("--line") };
  const { data, layout } = figures[place.dataset.figure];
  for (const trace of data) {
    if (trace.type === "heatmap") trace.colorscale = [[0, of("--card")], [1, of("--heat")]];
  }
  const isNarrow = place.clientWidth < 480;
  const legend = isNarrow && data.length > 3 ? 20 * data.length : 0;
  const labels = data[0].orientation === "h" && isNarrow ? shortened(data[0].y) : {};
  Plotly.react(place, data, {
    ...layout, height: (layout.height || 300) + legend,
    xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis, ...labels },
    colorway: colours, paper_bgcolor: "transparent", plot_bgcolor: "transparent",
    font: { family: "system-ui, sans-serif", size: 12, color: of("--ink") },
    margin: { l: 48, r: 12, t: 24, b: 40 }, legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0 }, hovermode: "closest",
  }, { displayModeBar: false, responsive: true });
}

// On a phone a long name would leave no room for its bar; the whole of it is shown when the bar is touched.
function shortened(names) {
  return { tickvals: names, ticktext: names.map((name) => (name.length > 16 ? name.slice(0, 15) + "…" : name)) };
}

function drawInTurn(left) {
  if (!left.length) return;
  draw(left[0]);
  setTimeout(drawInTurn, 0, left.slice(1));
}

const seen = places.filter((place) => place.getBoundingClientRect().top < innerHeight);
seen.forEach(draw);
addEventListener("load", () => drawInTurn(places.filter((place) => !seen.includes(place))));
addEventListener("beforeprint", () => places.forEach(draw));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => places.forEach(draw));
