// Draws the figures in the page's own colours, again when these change.
const figures = JSON.parse(document.getElementById("figures").textContent);
const colours = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#ee8866"];

function draw() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  const axis = { gridcolor: of("--line"), zerolinecolor: of("--line"), linecolor: of("--line") };
  for (const place of document.querySelectorAll("[data-figure]")) {
    const { data, layout } = figures[place.dataset.figure];
    for (const trace of data) {
      if (trace.type === "heatmap") trace.colorscale = [[0, of("--card")], [1, of("--heat")]];
    }
    Plotly.react(place, data, {
      height: 300, ...layout,
      xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis },
      colorway: colours, paper_bgcolor: "transparent", plot_bgcolor: "transparent",
      font: { family: "system-ui, sans-serif", size: 12, color: of("--ink") },
      margin: { l: 48, r: 12, t: 24, b: 40 }, legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0 }, hovermode: "closest",
    }, { displayModeBar: false, responsive: true });
  }
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
