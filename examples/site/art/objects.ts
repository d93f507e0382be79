/** The nine catalogue illustrations, 480 x 480, each on its own ground. */
import { gradient, ink, n, svg } from './ink.ts';

const S = 480;
const ground = (colour: string, floor: string): string =>
  `<rect width="${S}" height="${S}" fill="${colour}"/><rect y="372" width="${S}" height="108" fill="${floor}"/>`;
const shadow = (x: number, y: number, w: number): string =>
  `<ellipse cx="${x}" cy="${y}" rx="${w}" ry="${n(w * 0.1)}" fill="#000" opacity="0.22"/>`;

function bell(): string {
  let out = ground('#c9d8cf', '#8ea79f') + shadow(240, 408, 120);
  out += `<path d="M96 410V96h288v314h-26V122H122v288z" fill="${ink.slate}"/><path d="M122 122h236v14H122z" fill="#1d2932"/>`;
  out += `<path d="M226 122h28v34h-28z" fill="#1d2932"/>`;
  out += `<path d="M240 150c56 0 66 44 70 96 3 40 12 62 34 84H136c22-22 31-44 34-84 4-52 14-96 70-96z" fill="${ink.brass}"/>`;
  out += `<path d="M252 151c48 4 56 48 58 95 3 40 12 62 34 84h-58c-14-30-16-60-18-92-2-40-4-70-16-87z" fill="#8a6423"/>`;
  out += `<path d="M198 182c-12 22-14 52-16 80" stroke="#ecd08c" stroke-width="10" fill="none" stroke-linecap="round"/>`;
  out += `<rect x="128" y="326" width="224" height="18" rx="9" fill="#a77a2b"/><circle cx="240" cy="358" r="18" fill="#1d2932"/>`;
  out += `<path d="M352 236l52-40 10 14-50 44z" fill="#4b3a2a"/><rect x="392" y="176" width="36" height="36" rx="5" fill="#1d2932" transform="rotate(-38 410 194)"/>`;
  return svg(S, S, out);
}

function burner(): string {
  const defs = `<radialGradient id="m"><stop offset="0" stop-color="#fffdf0"/><stop offset="0.6" stop-color="${ink.lamp}"/><stop offset="1" stop-color="${ink.amber}" stop-opacity="0"/></radialGradient>`;
  let out = ground(ink.deep, ink.night) + `<circle cx="240" cy="150" r="150" fill="url(#m)" opacity="0.8"/>` + shadow(240, 412, 110);
  out += `<path d="M208 196c-8-60 6-96 32-112 26 16 40 52 32 112z" fill="#fff8df"/><path d="M214 190h52M212 168h56M214 146h52M220 124h40" stroke="${ink.amber}" stroke-width="3"/>`;
  out += `<rect x="198" y="194" width="84" height="18" rx="6" fill="#e0b65c"/><path d="M214 212h52l8 70h-68z" fill="${ink.brass}"/><path d="M244 212h22l8 70h-26z" fill="#8a6423"/>`;
  out += `<path d="M206 244H132c-16 0-20 10-20 22v48" fill="none" stroke="#c79a44" stroke-width="14"/><circle cx="112" cy="322" r="26" fill="#e9dfc4" stroke="#8a6423" stroke-width="8"/><path d="M112 322l12-14" stroke="${ink.red}" stroke-width="4"/>`;
  out += `<path d="M160 282h160v30H160z" fill="#e0b65c"/><path d="M176 312h128l26 96H150z" fill="${ink.brass}"/><path d="M250 312h54l26 96h-66z" fill="#8a6423"/>`;
  out += `<path d="M274 246h72" stroke="#c79a44" stroke-width="10"/><circle cx="356" cy="246" r="18" fill="none" stroke="#c79a44" stroke-width="9"/>`;
  return svg(S, S, out, defs);
}

function barometer(): string {
  let out = ground('#e8d3ae', '#b99a68');
  out += `<circle cx="246" cy="236" r="168" fill="#000" opacity="0.16"/><circle cx="240" cy="226" r="168" fill="#5b3520"/><circle cx="240" cy="226" r="150" fill="${ink.brass}"/><circle cx="240" cy="226" r="136" fill="${ink.paper}"/>`;
  for (let i = 0; i <= 60; i += 1) {
    const a = Math.PI * (0.75 + (1.5 * i) / 60);
    const inner = i % 10 === 0 ? 96 : i % 5 === 0 ? 106 : 114;
    out += `<path d="M${n(240 + Math.cos(a) * inner)} ${n(226 + Math.sin(a) * inner)}L${n(240 + Math.cos(a) * 124)} ${n(226 + Math.sin(a) * 124)}" stroke="${ink.night}" stroke-width="${i % 10 === 0 ? 4 : 2}"/>`;
  }
  const arc = (from: number, to: number, colour: string): string => {
    const p = (t: number): string => `${n(240 + Math.cos(Math.PI * t) * 80)} ${n(226 + Math.sin(Math.PI * t) * 80)}`;
    return `<path d="M${p(from)}A80 80 0 0 1 ${p(to)}" fill="none" stroke="${colour}" stroke-width="12"/>`;
  };
  out += arc(0.75, 1.2, ink.deep) + arc(1.23, 1.77, ink.shoal) + arc(1.8, 2.25, ink.amber);
  out += `<path d="M240 226L160 150" stroke="${ink.night}" stroke-width="7" stroke-linecap="round"/><path d="M240 226L286 144" stroke="${ink.brass}" stroke-width="5" stroke-linecap="round"/><circle cx="240" cy="226" r="14" fill="${ink.brass}" stroke="${ink.night}" stroke-width="4"/>`;
  out += `<rect x="206" y="270" width="68" height="44" rx="4" fill="none" stroke="${ink.night}" stroke-width="3"/><path d="M218 286h44M218 298h32" stroke="${ink.night}" stroke-width="3"/>`;
  out += `<path d="M150 128a136 136 0 0 1 88-38c-50 20-76 60-84 116-16-24-18-52-4-78z" fill="#fff" opacity="0.4"/>`;
  return svg(S, S, out);
}

function logbook(): string {
  let out = ground('#7d3323', '#5a2217') + `<ellipse cx="240" cy="388" rx="200" ry="22" fill="#000" opacity="0.25"/>`;
  out += `<path d="M46 124h388v256H46z" fill="#2b1b14"/>`;
  out += `<path d="M240 128C190 100 110 100 60 116v250c50-14 130-14 180 12z" fill="${ink.paper}"/><path d="M240 128c50-28 130-28 180-12v250c-50-14-130-14-180 12z" fill="#ecdfc0"/>`;
  out += `<path d="M240 128v250" stroke="#c3ae83" stroke-width="5"/>`;
  let lines = '';
  for (let i = 0; i < 9; i += 1) {
    const y = 154 + i * 23;
    lines += `M82 ${y - 4}q70-12 138 10M260 ${y + 6}q70-22 138-10`;
  }
  out += `<path d="${lines}" stroke="#9eb3b5" stroke-width="2" fill="none"/><path d="M104 112v250M300 120v246" stroke="${ink.red}" stroke-width="2" opacity="0.7"/>`;
  let hand = '';
  for (const [x, y, w] of [[114, 146, 90], [114, 170, 76], [114, 193, 98], [114, 216, 60], [114, 262, 88], [114, 285, 72], [310, 150, 78], [310, 172, 64], [310, 219, 80], [310, 241, 50], [310, 264, 76]] as const) {
    hand += `M${x} ${y}`;
    for (let i = 0; i < w / 9; i += 1) hand += `q2.2-${4 + ((i * 7 + y) % 5)} 4.5 0t4.5 0`;
  }
  out += `<path d="${hand}" stroke="${ink.deep}" stroke-width="2.6" fill="none"/>`;
  out += `<path d="M352 300l74-150 16 8-76 150-18 14z" fill="${ink.night}"/><path d="M426 150l10-22 18 8-12 22z" fill="${ink.brass}"/>`;
  return svg(S, S, out);
}

function oilskin(): string {
  let out = ground('#4f7f88', '#386169') + shadow(240, 418, 120);
  out += `<path d="M232 40h16v34h-16z" fill="#2a1d14"/><path d="M120 62h240v16H120z" fill="#3d2b1d"/>`;
  out += `<path d="M240 84c-34 0-60 26-62 58h124c-2-32-28-58-62-58z" fill="#f0b83c"/><path d="M150 150c30-18 150-18 180 0 10 16-10 22-90 22s-100-6-90-22z" fill="#d99a24"/>`;
  out += `<path d="M178 176c-40 10-62 30-66 76l-14 112h54l10-74v122h156V290l10 74h54l-14-112c-4-46-26-66-66-76-20 14-104 14-124 0z" fill="#f0b83c"/>`;
  out += `<path d="M250 186h52c40 10 62 30 66 76l14 102h-54l-10-74v122h-68z" fill="#d99a24"/><path d="M250 186v226" stroke="#8a5a12" stroke-width="5"/>`;
  for (const y of [214, 256, 298, 340]) out += `<rect x="236" y="${y}" width="30" height="10" rx="5" fill="#3d2b1d"/>`;
  out += `<path d="M178 322h44v34h-44zM282 322h44v34h-44z" fill="#c48818"/><path d="M188 176c14 18 90 18 104 0l-14-12h-76z" fill="#8a5a12"/>`;
  return svg(S, S, out);
}

function flags(): string {
  let out = ground('#bfd5d8', '#8fb3b5');
  out += `<path d="M60 30v420" stroke="#5a4630" stroke-width="14" stroke-linecap="round"/><circle cx="60" cy="28" r="14" fill="${ink.brass}"/><path d="M60 54C190 70 330 110 440 210" fill="none" stroke="#6b5a3f" stroke-width="4"/>`;
  const flag = (x: number, y: number, turn: number, body: string): string =>
    `<g transform="translate(${x} ${y}) rotate(${turn})"><rect x="4" y="6" width="92" height="92" fill="#000" opacity="0.15"/>${body}</g>`;
  const box = (colour: string): string => `<path d="M0 0q46 10 92 0v92q-46 10-92 0z" fill="${colour}"/>`;
  out += flag(86, 66, 7, box('#f7f1df') + `<path d="M0 0q46 10 92 0l0 92q-46 10-92 0z" fill="none"/><path d="M30 4h30v91h-30z" fill="${ink.red}"/><path d="M0 32h92v28h-92z" fill="${ink.red}"/>`);
  out += flag(206, 92, 15, box('#f3c23f') + `<path d="M46 4.500q24 0 46-4.500v92q-22 5-46 5z" fill="${ink.deep}"/>`);
  out += flag(318, 138, 27, box(ink.deep) + `<path d="M20 24h52v46h-52z" fill="#f7f1df"/>`);
  out += flag(104, 244, -4, box(ink.red) + `<path d="M0 0q46 10 92 0L0 92z" fill="#f3c23f"/>`);
  out += flag(222, 262, 3, box('#f7f1df') + `<path d="M0 0l92 92M92 0L0 92" stroke="${ink.deep}" stroke-width="22"/>`);
  out += flag(340, 288, -6, box('#f7f1df') + `<path d="M0 0h46v46H0zM46 46h46v46q-23 5-46 5z" fill="${ink.night}"/>`);
  return svg(S, S, out);
}

function telescope(): string {
  let out = ground('#d9b9a0', '#a97f63') + shadow(250, 420, 130);
  out += `<path d="M236 250L150 420M244 250l92 170M240 250v176" stroke="#4b3322" stroke-width="16" stroke-linecap="round"/><path d="M188 346h106" stroke="${ink.brass}" stroke-width="7"/><circle cx="240" cy="252" r="20" fill="${ink.brass}"/>`;
  out += `<g transform="rotate(-17 240 230)"><rect x="52" y="206" width="96" height="44" rx="6" fill="${ink.brass}"/><rect x="140" y="198" width="112" height="60" rx="6" fill="#4b2a1a"/><rect x="246" y="190" width="148" height="76" rx="7" fill="${ink.brass}"/><rect x="388" y="182" width="44" height="92" rx="9" fill="#7d591d"/><rect x="36" y="200" width="26" height="56" rx="8" fill="#2a1d14"/><path d="M56 216h88M146 212h102M252 206h140" stroke="#f1d899" stroke-width="8" stroke-linecap="round" opacity="0.8"/><path d="M140 198v60M250 190v76M388 186v84" stroke="#7d591d" stroke-width="6"/></g>`;
  return svg(S, S, out);
}

function caddy(): string {
  let out = ground('#35535c', '#24404a') + shadow(210, 416, 120) + shadow(386, 418, 56);
  out += `<path d="M104 158h212v252H104z" fill="${ink.red}"/><path d="M232 158h84v252h-84z" fill="${ink.rust}"/><path d="M94 122h232v44H94z" fill="#d9532f"/><path d="M232 122h94v44h-94z" fill="#a33420"/><path d="M186 100h48v24h-48z" fill="${ink.brass}"/>`;
  out += `<path d="M128 196h164v176H128z" fill="${ink.paper}"/><path d="M136 204h148v160H136z" fill="none" stroke="${ink.brass}" stroke-width="4"/>`;
  out += `<path d="M150 330q30-14 60 0t60 0v20h-120z" fill="${ink.sea}"/><path d="M196 334l8-90h14l8 90z" fill="#fff"/><path d="M199 296h24l2 20h-28z" fill="${ink.red}"/><path d="M202 244v-18h18v18z" fill="${ink.amber}"/><path d="M198 226l13-14 13 14z" fill="${ink.night}"/><path d="M190 236l-40-12v24zM232 236l40-12v24z" fill="${ink.amber}" opacity="0.8"/>`;
  out += `<path d="M340 338h92v66q0 14-14 14h-64q-14 0-14-14z" fill="#eef0e6"/><path d="M392 338h40v66q0 14-14 14h-26z" fill="#c6cfc8"/><path d="M432 352h16q16 0 16 20t-16 20h-16" fill="none" stroke="#c6cfc8" stroke-width="10"/><path d="M338 334h96v9h-96z" fill="${ink.deep}"/>`;
  out += `<path d="M368 318c-10-20 12-26 2-48M398 318c-10-20 12-26 2-48" stroke="#dfe6df" stroke-width="6" fill="none" stroke-linecap="round" opacity="0.6"/>`;
  return svg(S, S, out);
}

function panel(): string {
  const defs = gradient('p', [[0, '#21485a'], [1, ink.night]]);
  let out = `<rect width="${S}" height="${S}" fill="url(#p)"/><rect y="412" width="${S}" height="68" fill="#0a1722"/>`;
  out += `<path d="M132 64h216v352H132z" fill="${ink.brass}"/><path d="M146 78h188v324H146z" fill="#10293a"/>`;
  const tints = ['#cfe8df', '#9fcac6', '#e9f4ea', '#84b6b8'];
  for (let i = 0; i < 6; i += 1) {
    const y = 86 + i * 17;
    out += `<path d="M152 ${y}q88 -10 176 0l-8 12q-80 -9 -160 0z" fill="${tints[i % 4]}" opacity="0.9"/>`;
    const z = 394 - i * 17;
    out += `<path d="M152 ${z}q88 10 176 0l-8 -12q-80 9 -160 0z" fill="${tints[(i + 1) % 4]}" opacity="0.85"/>`;
  }
  for (let i = 5; i >= 0; i -= 1) out += `<ellipse cx="240" cy="240" rx="${22 + i * 12}" ry="${17 + i * 7}" fill="${tints[i % 4]}" stroke="#10293a" stroke-width="3"/>`;
  out += `<ellipse cx="232" cy="234" rx="11" ry="8" fill="#fff"/><path d="M132 64l14 14v324l-14 14z" fill="#e6c273"/><path d="M348 64l-14 14v324l14 14z" fill="#7d591d"/>`;
  out += `<path d="M284 150l38 6M284 330l38-6" stroke="${ink.red}" stroke-width="5"/>`;
  return svg(S, S, out, defs);
}

export const objects: Record<string, string> = {
  'lens-panel': panel(),
  'fog-bell': bell(),
  'vapour-burner': burner(),
  barometer: barometer(),
  'log-1953': logbook(),
  oilskin: oilskin(),
  'signal-flags': flags(),
  telescope: telescope(),
  'tea-caddy': caddy(),
};
