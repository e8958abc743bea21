// The parts that both plots are drawn with. Colours can be told apart without seeing red and green.
export const colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];

const style = "font: 13px system-ui, sans-serif; fill: #222";

/** A picture on white, so that it can be read on any page. */
export function picture({ width, height, title }, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">
<rect width="${width}" height="${height}" fill="#fff"/>
${text({ x: 16, y: 26, size: 16, weight: 600 }, title)}
${parts.join("\n")}
</svg>
`;
}

export function text({ x, y, anchor = "start", size = 13, weight = 400, turned = false }, content) {
  const turn = turned ? ` transform="rotate(-90 ${x} ${y})"` : "";
  const font = `${style}; font-size: ${size}px; font-weight: ${weight}`;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" style="${font}"${turn}>${content}</text>`;
}

export function line({ x1, y1, x2, y2, colour = "#ddd" }) {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"/>`;
}

export function bar({ x, y, width, height, colour }) {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${colour}"/>`;
}

/** Where a value lies between two ends when each step multiplies; whole pixels keep the file small. */
export function logScale([low, high], [from, to]) {
  return (value) => Math.round(from + (Math.log(value / low) / Math.log(high / low)) * (to - from));
}

/** The powers of ten between which all values lie. */
export function decades(values) {
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values)));
  const ticks = [];
  for (let tick = low; tick <= high; tick *= 10) ticks.push(Number(tick.toPrecision(1)));
  return ticks;
}

export const grouped = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
