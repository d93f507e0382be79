/** The six landscape illustrations, 1600 x 1000. */
import { LAMP, cottage, gradient, gull, ink, land, n, random, rock, stars, svg, tower, towerByDay, water } from './ink.ts';

const W = 1600;
const H = 1000;
const fill = (id: string): string => `<rect width="${W}" height="${H}" fill="url(#${id})"/>`;

function beam(x: number, y: number, reach: number, rise: number, spread: number, id: string): string {
  return `<polygon points="${n(x)},${n(y)} ${n(x + reach)},${n(y + rise - spread)} ${n(x + reach)},${n(y + rise + spread)}" fill="url(#${id})"/>`;
}

function dusk(): string {
  const r = random(1868);
  const defs =
    gradient('sky', [[0, ink.night], [0.3, ink.deep], [0.5, ink.plum], [0.62, ink.rose], [0.68, ink.amber]]) +
    gradient('sea', [[0, ink.rose], [0.12, ink.sea], [1, ink.night]]) +
    gradient('left', [[0, ink.lamp, 0], [1, ink.lamp, 0.85]], false) +
    gradient('right', [[0, ink.lamp, 0.85], [1, ink.lamp, 0]], false);
  const x = 1110;
  const foot = 600;
  const height = 440;
  const lamp = foot - height * LAMP;
  let out = fill('sky') + stars(r, 130, W, 430);
  out += land([[0, 640], [180, 612], [380, 650], [560, 632], [760, 668], [900, 672]], 690, '#38294a');
  out += `<rect y="672" width="${W}" height="${H - 672}" fill="url(#sea)"/>`;
  out += beam(x, lamp, -1110, -70, 92, 'left') + beam(x, lamp, 490, 30, 44, 'right');
  out += water(r, { x: 0, y: 676, w: W, h: 330 }, ink.amber, 12, 0.32);
  out += land([[720, 690], [860, 664], [960, 610], [1080, 598], [1200, 600], [1330, 612], [1440, 650], [1600, 672]], 720, '#1a2634');
  out += cottage(1190, 606, 190, { wall: '#c9b7a0', roof: '#10202e', shade: '#8f8177', pane: ink.amber });
  out += tower(x, foot, height, { ...towerByDay, body: '#eeddc6', shade: '#a88f8d' });
  out += `<circle cx="${x}" cy="${n(lamp)}" r="74" fill="${ink.lamp}" opacity="0.28"/><circle cx="${x}" cy="${n(lamp)}" r="30" fill="${ink.lamp}" opacity="0.75"/>`;
  for (const [rx, ry, w, h] of [[700, 716, 150, 42], [840, 730, 210, 74], [1020, 735, 180, 66], [1160, 728, 240, 80], [1370, 735, 260, 76]] as const)
    out += rock(r, rx, ry, w, h, '#0d1a26', '#27313d');
  for (let i = 0; i < 15; i += 1) {
    const t = i / 14;
    const px = 250 + 470 * t ** 0.8;
    const size = 30 * (1 - t) + 7;
    const py = 965 - 235 * t ** 0.7;
    out += `<path d="M${n(px)} ${n(py)}v${n(-size * 3.2)}" stroke="#0a1621" stroke-width="${n(size * 0.34)}" stroke-linecap="round"/>`;
  }
  out += water(r, { x: 0, y: 720, w: W, h: 290 }, ink.foam, 9, 0.28);
  return svg(W, H, out, defs);
}

function causeway(): string {
  const r = random(207);
  const defs =
    gradient('sky', [[0, '#9fc0c2'], [0.34, '#d6e2d2'], [0.52, ink.paper], [0.6, '#f7d9a8']]) +
    gradient('sand', [[0, '#e9d9b2'], [0.5, ink.sand], [1, '#a98f63']]);
  let out = fill('sky');
  out += `<circle cx="380" cy="470" r="92" fill="${ink.amber}" opacity="0.9"/>`;
  for (const [y, w, x] of [[250, 420, 240], [300, 620, 760], [360, 330, 1180], [392, 520, 60]] as const)
    out += `<rect x="${x}" y="${y}" width="${w}" height="16" rx="8" fill="#fff8e6" opacity="0.75"/>`;
  out += land([[0, 556], [240, 528], [460, 560], [700, 566]], 600, '#8fb0ad');
  out += `<rect y="560" width="${W}" height="70" fill="#6f9fa3"/>` + water(r, { x: 0, y: 560, w: W, h: 70 }, ink.foam, 6, 0.8);
  out += `<path d="M0 626Q420 596 800 612T${W} 606V${H}H0Z" fill="url(#sand)"/>`;
  out += land([[860, 622], [970, 590], [1060, 548], [1180, 536], [1300, 540], [1420, 566], [1520, 596], [1600, 612]], 640, '#55655c');
  out += cottage(1262, 546, 150, { wall: ink.paper, roof: ink.slate, shade: '#cdbf9f', pane: ink.deep });
  out += tower(1180, 540, 330);
  for (const [rx, ry, w, h] of [[850, 640, 140, 40], [960, 652, 170, 56], [1330, 650, 200, 54], [1500, 648, 160, 44]] as const)
    out += rock(r, rx, ry, w, h, '#3d4a48', '#6c7a70');
  out += `<path d="M360 ${H}C560 860 760 760 1030 640L1086 640C960 770 900 860 1010 ${H}Z" fill="#8a8674"/>`;
  for (let i = 0; i < 17; i += 1) {
    const t = (i / 17) ** 1.6;
    const y = 644 + (H - 644) * t;
    const left = 1030 - 670 * t ** 0.78;
    const right = 1086 - 110 * Math.sin(Math.PI * t * 0.85);
    out += `<path d="M${n(left + 6)} ${n(y)}L${n(right - 4)} ${n(y)}" stroke="#65614f" stroke-width="${n(1 + t * 7)}" opacity="0.75"/>`;
    const cuts = 3;
    for (let k = 1; k <= cuts; k += 1) {
      const cx = left + ((right - left) * (k + (i % 2 ? 0.3 : -0.2))) / (cuts + 1);
      out += `<path d="M${n(cx)} ${n(y)}l${n(-6 * t)} ${n(8 + 26 * t)}" stroke="#65614f" stroke-width="${n(1 + t * 5)}" opacity="0.6"/>`;
    }
  }
  for (const [px, py, w] of [[110, 760, 250], [330, 690, 180], [1180, 800, 300], [1370, 720, 190], [1230, 930, 330], [40, 900, 260]] as const)
    out += `<ellipse cx="${px + w / 2}" cy="${py}" rx="${w / 2}" ry="${n(w * 0.07)}" fill="#a9c6c3"/><ellipse cx="${px + w / 2 + 14}" cy="${py + 3}" rx="${n(w * 0.36)}" ry="${n(w * 0.035)}" fill="#e4ede1"/>`;
  for (let i = 0; i < 9; i += 1) {
    const t = i / 8;
    out += `<path d="M${n(330 + 640 * t ** 0.72)} ${n(990 - 345 * t ** 0.72)}v${n(-(120 * (1 - t) + 18))}" stroke="#4b4034" stroke-width="${n(14 * (1 - t) + 3)}" stroke-linecap="round"/>`;
  }
  out += gull(620, 300, 34, ink.slate) + gull(710, 342, 22, ink.slate) + gull(560, 366, 18, ink.slate);
  return svg(W, H, out, defs);
}

function wave(r: () => number, y: number, height: number, colour: string, crest: string): string {
  let d = `M-60 ${H}V${y}`;
  let foam = '';
  let x = -60 - r() * 120;
  while (x < W + 100) {
    const w = 190 + r() * 210;
    const h = height * (0.6 + r() * 0.6);
    d += `L${n(x)} ${y}C${n(x + w * 0.34)} ${y} ${n(x + w * 0.46)} ${n(y - h)} ${n(x + w * 0.74)} ${n(y - h)}C${n(x + w * 0.64)} ${n(y - h * 0.62)} ${n(x + w * 0.74)} ${n(y - h * 0.1)} ${n(x + w)} ${y}`;
    foam += `M${n(x + w * 0.3)} ${n(y - h * 0.36)}C${n(x + w * 0.42)} ${n(y - h * 0.74)} ${n(x + w * 0.52)} ${n(y - h)} ${n(x + w * 0.74)} ${n(y - h)}C${n(x + w * 0.6)} ${n(y - h * 0.86)} ${n(x + w * 0.52)} ${n(y - h * 0.6)} ${n(x + w * 0.3)} ${n(y - h * 0.36)}z`;
    x += w;
  }
  return `<path d="${d}L${W + 300} ${H}Z" fill="${colour}"/><path d="${foam}" fill="${crest}"/>`;
}

function gale(): string {
  const r = random(1953);
  const defs = gradient('sky', [[0, '#15242f'], [0.45, '#33505a'], [0.7, '#6f8a86']]);
  let out = fill('sky');
  for (let i = 0; i < 9; i += 1) {
    const y = 60 + i * 52;
    const x = -300 + r() * 500;
    const w = 900 + r() * 700;
    out += `<path d="M${n(x)} ${y}c${n(w * 0.25)} ${n(-70 - r() * 40)} ${n(w * 0.7)} ${n(-30)} ${n(w)} 10c${n(-w * 0.3)} 44 ${n(-w * 0.75)} 60 ${n(-w)} ${-10}z" fill="${i % 2 ? '#22343f' : '#42606a'}" opacity="0.55"/>`;
  }
  out += wave(r, 690, 70, '#4d7277', '#c6d6cd');
  out += rock(r, 770, 720, 560, 120, '#10202b', '#24343d');
  out += tower(1050, 640, 470, { ...towerByDay, body: '#e2dccb', shade: '#9ba49f', band: '#a8361f', bandShade: '#74251a' });
  let spray = '';
  for (let i = 0; i < 210; i += 1) {
    const a = -Math.PI * (0.18 + r() * 0.66);
    const reach = 330 * Math.sqrt(r());
    spray += `<circle cx="${n(900 + Math.cos(a) * reach)}" cy="${n(690 + Math.sin(a) * reach * 1.15)}" r="${n(2 + r() * 8)}" fill="${ink.foam}" opacity="${n(0.3 + r() * 0.6)}"/>`;
  }
  out += spray;
  out += `<path d="M690 720C760 600 800 520 860 470C870 540 900 560 940 500C950 570 960 600 1010 590C990 640 1010 680 1060 720Z" fill="${ink.foam}"/>`;
  out += `<path d="M760 720C810 640 830 590 868 548C880 600 910 610 930 580C940 630 950 660 985 668L1000 720Z" fill="#a9c2bd"/>`;
  out += wave(r, 770, 110, '#2f565f', '#dfe9df') + wave(r, 870, 130, '#1d3f4b', '#b9cfc9') + wave(r, 985, 120, '#12303d', '#8fb0ad');
  let rain = '';
  for (let i = 0; i < 150; i += 1) {
    const x = r() * 1900;
    const y = r() * H;
    const length = 30 + r() * 60;
    rain += `M${n(x)} ${n(y)}l${n(-length * 0.62)} ${n(length)}`;
  }
  out += `<path d="${rain}" stroke="${ink.foam}" stroke-width="2" opacity="0.28"/>`;
  return svg(W, H, out, defs);
}

function fog(): string {
  const r = random(411);
  const defs = gradient('sky', [[0, '#b9c4bd'], [0.5, '#d9ddcf'], [1, '#a7b5b0']]) + `<radialGradient id="veil"><stop offset="0" stop-color="#e4e6d9" stop-opacity="0.95"/><stop offset="1" stop-color="#e4e6d9" stop-opacity="0"/></radialGradient>`;
  let out = fill('sky');
  out += land([[300, 800], [520, 720], [640, 640], [780, 560], [960, 548], [1120, 560], [1260, 640], [1400, 730], [1600, 800]], 800, '#93a19d');
  out += tower(800, 566, 420, { body: '#d5d9cc', shade: '#b3bdb5', band: '#b98374', bandShade: '#a0766b', iron: '#76857f', glass: '#f6efcf' });
  out += `<circle cx="800" cy="${n(566 - 420 * LAMP)}" r="190" fill="${ink.lamp}" opacity="0.35"/><circle cx="800" cy="${n(566 - 420 * LAMP)}" r="84" fill="${ink.lamp}" opacity="0.6"/>`;
  out += cottage(930, 566, 200, { wall: '#c9cec3', roof: '#8d9a95', shade: '#b3bdb5', pane: '#f0dfae' });
  for (let i = 0; i < 8; i += 1) {
    const y = 250 + i * 74;
    const x = -500 + r() * 500;
    out += `<ellipse cx="${n(x + 900)}" cy="${y}" rx="${n(900 + r() * 500)}" ry="${n(52 + r() * 40)}" fill="url(#veil)"/>`;
  }
  for (let i = 1; i <= 5; i += 1)
    out += `<path d="M${n(560 - i * 74)} ${n(640 - i * 44)}Q${n(500 - i * 110)} 690 ${n(560 - i * 74)} ${n(740 + i * 44)}" fill="none" stroke="${ink.red}" stroke-width="9" stroke-linecap="round" opacity="${n(0.75 - i * 0.11)}"/>`;
  out += rock(r, 560, 800, 480, 120, '#4d5b59', '#6d7a76');
  out += `<path d="M690 700h36v-74h-36z" fill="#3c4947"/><path d="M700 640L590 600V704L700 672Z" fill="${ink.red}"/><ellipse cx="590" cy="652" rx="17" ry="52" fill="${ink.rust}"/>`;
  out += `<rect y="795" width="${W}" height="210" fill="#8da09c"/>` + water(r, { x: 0, y: 795, w: W, h: 215 }, ink.foam, 10, 0.5);
  out += `<path d="M1180 884h190l-34 52h-128z" fill="${ink.deep}"/><path d="M1262 884V760l88 106h-78" fill="${ink.paper}"/><path d="M1252 884V776l-58 92z" fill="#d9cfb5"/>`;
  return svg(W, H, out, defs);
}

function winter(): string {
  const r = random(1987);
  const defs =
    gradient('sky', [[0, '#071420'], [0.6, '#13344a'], [1, '#2c5f70']]) + gradient('snow', [[0, '#dbe6e4'], [1, '#8ea9b0']]);
  let out = fill('sky') + stars(r, 260, W, 620);
  out += `<path d="M336 146A74 74 0 1 0 372 236A60 60 0 0 1 336 146Z" fill="${ink.paper}"/>`;
  for (let i = 0; i < 3; i += 1)
    out += `<path d="M0 ${430 - i * 70}C300 ${330 - i * 60} 560 ${500 - i * 70} 860 ${390 - i * 60}S1360 ${280 - i * 40} 1600 ${380 - i * 60}V${470 - i * 60}C1300 ${380 - i * 40} 1130 ${500 - i * 60} 860 ${480 - i * 60}S300 ${440 - i * 60} 0 ${520 - i * 70}Z" fill="#7fd0b0" opacity="${n(0.16 - i * 0.03)}"/>`;
  out += `<rect y="640" width="${W}" height="360" fill="#123246"/>` + water(r, { x: 0, y: 640, w: W, h: 200 }, '#7fb0b4', 9, 0.35);
  out += land([[0, 800], [220, 740], [460, 724], [760, 752], [980, 716], [1260, 700], [1600, 744]], H, 'url(#snow)');
  out += tower(420, 742, 520, { ...towerByDay, body: '#dfe3da', shade: '#8d9ba3', band: '#a8361f', bandShade: '#6b2318' });
  out += `<circle cx="420" cy="${n(742 - 520 * LAMP)}" r="110" fill="${ink.lamp}" opacity="0.22"/>`;
  out += cottage(800, 790, 560, { wall: '#c8cdc6', roof: '#f0f3ec', shade: '#8e9ba2', pane: ink.amber });
  for (const x of [856, 968, 1125, 1248])
    out += `<polygon points="${x},790 ${x + 42},790 ${x + 84},858 ${x - 34},858" fill="${ink.amber}" opacity="0.35"/>`;
  out += `<path d="M915 600c-16 -30 22 -44 4 -80s26 -44 8 -84" fill="none" stroke="#c9d6d6" stroke-width="12" stroke-linecap="round" opacity="0.5"/>`;
  for (let i = 0; i < 26; i += 1) {
    const t = i / 25;
    const x = 1070 - 540 * t + Math.sin(t * 9) * 16 + (i % 2 ? 12 : -12);
    out += `<ellipse cx="${n(x)}" cy="${n(930 - 150 * Math.sin(t * Math.PI * 0.62))}" rx="11" ry="6" fill="#6f8b96"/>`;
  }
  for (let i = 0; i < 120; i += 1)
    out += `<circle cx="${n(r() * W)}" cy="${n(r() * H)}" r="${n(1.5 + r() * 3.5)}" fill="#f5f8f4" opacity="${n(0.4 + r() * 0.5)}"/>`;
  return svg(W, H, out, defs);
}

function optic(): string {
  const cx = 800;
  const cy = 500;
  const defs =
    `<radialGradient id="glow" cx="0.5" cy="0.5" r="0.6"><stop offset="0" stop-color="${ink.lamp}"/><stop offset="0.25" stop-color="${ink.amber}"/><stop offset="0.7" stop-color="${ink.deep}"/><stop offset="1" stop-color="${ink.night}"/></radialGradient>`;
  let out = fill('glow');
  const prism = (inner: number, outer: number, from: number, to: number, colour: string, opacity: number): string => {
    const p = (radius: number, angle: number): string => `${n(cx + Math.cos(angle) * radius)} ${n(cy + Math.sin(angle) * radius)}`;
    return `<path d="M${p(inner, from)}A${inner} ${inner} 0 0 1 ${p(inner, to)}L${p(outer, to)}A${outer} ${outer} 0 0 0 ${p(outer, from)}Z" fill="${colour}" opacity="${opacity}"/>`;
  };
  const tints = ['#bfe0d6', '#8fc3bd', '#e8f2e2', '#6fa9ad', '#d2ead9'];
  for (let ring = 0; ring < 11; ring += 1) {
    const inner = 112 + ring * 56;
    const thickness = 44 - ring * 1.4;
    for (let k = 0; k < 8; k += 1) {
      const from = (k * Math.PI) / 4 + 0.024 + 6 / inner;
      const to = ((k + 1) * Math.PI) / 4 - 0.024 - 6 / inner;
      out += prism(inner, inner + thickness, from, to, tints[(ring + k) % 5] ?? ink.foam, 0.42 + ((ring * 7 + k * 3) % 5) * 0.07);
      out += prism(inner + thickness * 0.68, inner + thickness * 0.86, from + 0.03, to - 0.05, '#ffffff', 0.34);
    }
  }
  for (let k = 0; k < 4; k += 1)
    out += `<path d="M${cx} ${cy}m-900 -7h1800v14h-1800z" fill="${ink.brass}" transform="rotate(${k * 45} ${cx} ${cy})"/><path d="M${cx} ${cy}m-900 -7h1800v5h-1800z" fill="#e4bd6a" transform="rotate(${k * 45} ${cx} ${cy})"/>`;
  out += `<circle cx="${cx}" cy="${cy}" r="112" fill="${ink.brass}"/><circle cx="${cx}" cy="${cy}" r="98" fill="#e9f4e6"/><circle cx="${cx}" cy="${cy}" r="70" fill="${ink.lamp}"/><circle cx="${cx}" cy="${cy}" r="34" fill="#fffdf4"/>`;
  return svg(W, H, out, defs);
}

export const scenes: Record<string, string> = {
  dusk: dusk(),
  causeway: causeway(),
  gale: gale(),
  fog: fog(),
  winter: winter(),
  optic: optic(),
};
