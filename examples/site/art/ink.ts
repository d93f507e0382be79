/** Drawing parts shared by the scenes and the objects: a palette, a repeatable random source, shapes as SVG text. */

export const ink = {
  night: '#0c1d2c',
  deep: '#15344a',
  sea: '#2c5f70',
  shoal: '#7fa8a6',
  foam: '#e3ece2',
  sand: '#d8c49a',
  paper: '#f5ecd7',
  red: '#c0391f',
  rust: '#8d2a18',
  amber: '#f4b04a',
  lamp: '#ffe9b0',
  rose: '#e58f74',
  plum: '#4c3450',
  slate: '#31404c',
  brass: '#b98a34',
} as const;

export type Random = () => number;

/** mulberry32: small, seedable, the same numbers on every machine. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const n = (value: number): string => String(Math.round(value * 10) / 10);

export function svg(width: number, height: number, body: string, defs = ''): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`;
  return `${head}${defs ? `<defs>${defs}</defs>` : ''}${body}</svg>\n`;
}

export function gradient(id: string, stops: [number, string, number?][], vertical = true): string {
  const inner = stops
    .map(([at, colour, opacity = 1]) => `<stop offset="${at}" stop-color="${colour}" stop-opacity="${opacity}"/>`)
    .join('');
  return `<linearGradient id="${id}" x1="0" y1="0" x2="${vertical ? 0 : 1}" y2="${vertical ? 1 : 0}">${inner}</linearGradient>`;
}

/** A closed, rounded outline through points, flat along the bottom edge. */
export function land(points: [number, number][], floor: number, fill: string): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let d = `M${n(first[0])} ${floor} L${n(first[0])} ${n(first[1])}`;
  let previous = first;
  for (const point of rest) {
    const middle = (previous[0] + point[0]) / 2;
    d += ` C${n(middle)} ${n(previous[1])} ${n(middle)} ${n(point[1])} ${n(point[0])} ${n(point[1])}`;
    previous = point;
  }
  return `<path d="${d} L${n(previous[0])} ${floor} Z" fill="${fill}"/>`;
}

/** Faceted rock: a ragged polygon with a lit face. */
export function rock(r: Random, x: number, y: number, w: number, h: number, dark: string, light: string): string {
  const top: [number, number][] = [];
  const steps = 5 + Math.floor(r() * 3);
  for (let i = 0; i <= steps; i += 1) {
    const t = i / steps;
    const arch = Math.sin(Math.PI * t) ** 0.6;
    top.push([x + w * t, y - h * arch * (0.75 + r() * 0.3)]);
  }
  const outline = top.map(([px, py]) => `${n(px)},${n(py)}`).join(' ');
  const face = top
    .slice(0, Math.ceil(top.length / 2))
    .map(([px, py]) => `${n(px)},${n(py)}`)
    .join(' ');
  return (
    `<polygon points="${n(x)},${n(y)} ${outline} ${n(x + w)},${n(y)}" fill="${dark}"/>` +
    `<polygon points="${n(x)},${n(y)} ${face} ${n(x + w * 0.36)},${n(y)}" fill="${light}"/>`
  );
}

/** Engraver's water: broken horizontal strokes, closer together towards the horizon. */
export function water(
  r: Random,
  box: { x: number; y: number; w: number; h: number },
  colour: string,
  rows: number,
  opacity = 0.7,
): string {
  let out = '';
  for (let i = 0; i < rows; i += 1) {
    const depth = (i + 1) / rows;
    const y = box.y + box.h * depth ** 1.7;
    const weight = 1 + depth * 4.5;
    let x = box.x - r() * 160;
    let d = '';
    while (x < box.x + box.w) {
      const length = (40 + r() * 220) * (0.5 + depth);
      const lift = (2 + r() * 5) * depth;
      d += `M${n(x)} ${n(y)}q${n(length / 4)} ${n(-lift)} ${n(length / 2)} 0t${n(length / 2)} 0`;
      x += length + (50 + r() * 240) * (0.6 + depth);
    }
    out += `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${n(weight)}" stroke-linecap="round" opacity="${opacity}"/>`;
  }
  return out;
}

export function stars(r: Random, count: number, w: number, h: number): string {
  let out = '';
  for (let i = 0; i < count; i += 1) {
    const size = 0.8 + r() ** 3 * 2.6;
    out += `<circle cx="${n(r() * w)}" cy="${n(r() ** 1.4 * h)}" r="${n(size)}" fill="${ink.paper}" opacity="${n(0.35 + r() * 0.6)}"/>`;
  }
  return out;
}

export function gull(x: number, y: number, size: number, colour: string): string {
  return `<path d="M${n(x - size)} ${n(y - size * 0.2)}q${n(size * 0.55)} ${n(-size * 0.45)} ${n(size)} ${n(size * 0.2)}q${n(size * 0.45)} ${n(-size * 0.65)} ${n(size)} ${n(-size * 0.2)}" fill="none" stroke="${colour}" stroke-width="${n(size * 0.14)}" stroke-linecap="round" stroke-linejoin="round"/>`;
}

export interface TowerColours {
  body: string;
  shade: string;
  band: string;
  bandShade: string;
  iron: string;
  glass: string;
}

export const towerByDay: TowerColours = {
  body: ink.paper,
  shade: '#cdbf9f',
  band: ink.red,
  bandShade: ink.rust,
  iron: ink.night,
  glass: ink.lamp,
};

/** The tower: white, one broad red band, gallery, lantern; `h` is from rock to vane. */
export function tower(x: number, y: number, h: number, c: TowerColours = towerByDay): string {
  const foot = h * 0.125;
  const neck = h * 0.078;
  const top = y - h * 0.72;
  const at = (t: number): number => foot + (neck - foot) * t ** 0.75;
  const side = (t: number): string => `${n(x - at(t))},${n(y + (top - y) * t)}`;
  const other = (t: number): string => `${n(x + at(t))},${n(y + (top - y) * t)}`;
  const strip = (from: number, to: number, fill: string, shade: string): string => {
    const ts = [0, 0.25, 0.5, 0.75, 1].map((s) => from + (to - from) * s);
    const left = ts.map(side).join(' ');
    const right = [...ts].reverse().map(other).join(' ');
    const middle = ts.map((t) => `${n(x + at(t) * 0.3)},${n(y + (top - y) * t)}`).join(' ');
    return `<polygon points="${left} ${right}" fill="${fill}"/><polygon points="${middle} ${right}" fill="${shade}"/>`;
  };
  const gallery = neck * 1.5;
  const lantern = neck * 0.86;
  const glassTop = top - h * 0.125;
  const window_ = (t: number): string =>
    `<rect x="${n(x - h * 0.011)}" y="${n(y + (top - y) * t)}" width="${n(h * 0.022)}" height="${n(h * 0.042)}" rx="${n(h * 0.01)}" fill="${c.iron}"/>`;
  let out = strip(0, 1, c.body, c.shade) + strip(0.42, 0.7, c.band, c.bandShade);
  out += window_(0.2) + window_(0.38) + window_(0.86);
  out += `<path d="M${n(x - h * 0.026)} ${n(y)}v${n(-h * 0.06)}a${n(h * 0.026)} ${n(h * 0.026)} 0 0 1 ${n(h * 0.052)} 0v${n(h * 0.06)}z" fill="${c.iron}"/>`;
  out += `<polygon points="${n(x - neck)},${n(top)} ${n(x + neck)},${n(top)} ${n(x + gallery)},${n(top - h * 0.022)} ${n(x - gallery)},${n(top - h * 0.022)}" fill="${c.iron}"/>`;
  const rail = top - h * 0.066;
  out += `<path d="M${n(x - gallery)} ${n(rail)}H${n(x + gallery)}M${n(x - gallery)} ${n((rail + top) / 2 - h * 0.01)}H${n(x + gallery)}`;
  for (let i = 0; i <= 8; i += 1) out += `M${n(x - gallery + (gallery * i) / 4)} ${n(rail)}V${n(top - h * 0.02)}`;
  out += `" stroke="${c.iron}" stroke-width="${n(Math.max(1.2, h * 0.0055))}" fill="none"/>`;
  out += `<rect x="${n(x - lantern)}" y="${n(glassTop)}" width="${n(lantern * 2)}" height="${n(top - h * 0.02 - glassTop)}" fill="${c.glass}"/>`;
  out += `<path d="M${n(x - lantern)} ${n(glassTop)}L${n(x)} ${n(top - h * 0.02)}L${n(x + lantern)} ${n(glassTop)}M${n(x - lantern)} ${n(top - h * 0.02)}L${n(x)} ${n(glassTop)}L${n(x + lantern)} ${n(top - h * 0.02)}M${n(x - lantern)} ${n(glassTop)}V${n(top - h * 0.02)}M${n(x + lantern)} ${n(glassTop)}V${n(top - h * 0.02)}" stroke="${c.iron}" stroke-width="${n(h * 0.006)}" fill="none"/>`;
  out += `<path d="M${n(x - lantern * 1.14)} ${n(glassTop)}Q${n(x - lantern)} ${n(glassTop - h * 0.075)} ${n(x)} ${n(glassTop - h * 0.085)}Q${n(x + lantern)} ${n(glassTop - h * 0.075)} ${n(x + lantern * 1.14)} ${n(glassTop)}z" fill="${c.band}"/>`;
  out += `<path d="M${n(x)} ${n(glassTop - h * 0.085)}v${n(-h * 0.05)}" stroke="${c.iron}" stroke-width="${n(h * 0.009)}"/><circle cx="${n(x)}" cy="${n(glassTop - h * 0.095)}" r="${n(h * 0.013)}" fill="${c.iron}"/>`;
  return out;
}

/** Height of the lamp above the foot, as a share of the tower's height. */
export const LAMP = 0.79;

export function cottage(x: number, y: number, w: number, colours: { wall: string; roof: string; shade: string; pane: string }): string {
  const h = w * 0.3;
  const roof = w * 0.22;
  let out = `<rect x="${n(x)}" y="${n(y - h)}" width="${n(w)}" height="${n(h)}" fill="${colours.wall}"/>`;
  out += `<rect x="${n(x + w * 0.72)}" y="${n(y - h)}" width="${n(w * 0.28)}" height="${n(h)}" fill="${colours.shade}"/>`;
  out += `<polygon points="${n(x - w * 0.03)},${n(y - h)} ${n(x + w * 0.1)},${n(y - h - roof)} ${n(x + w * 0.9)},${n(y - h - roof)} ${n(x + w * 1.03)},${n(y - h)}" fill="${colours.roof}"/>`;
  for (const at of [0.14, 0.82])
    out += `<rect x="${n(x + w * at)}" y="${n(y - h - roof * 1.5)}" width="${n(w * 0.07)}" height="${n(roof * 0.8)}" fill="${colours.roof}"/>`;
  for (const at of [0.1, 0.3, 0.58, 0.8])
    out += `<rect x="${n(x + w * at)}" y="${n(y - h * 0.78)}" width="${n(w * 0.075)}" height="${n(h * 0.42)}" fill="${colours.pane}"/>`;
  out += `<rect x="${n(x + w * 0.445)}" y="${n(y - h * 0.72)}" width="${n(w * 0.075)}" height="${n(h * 0.72)}" fill="${colours.roof}"/>`;
  return out;
}
