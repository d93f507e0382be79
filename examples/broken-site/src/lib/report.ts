import { cropById, families } from './crops';
import { daysBetween, plural, weight } from './format';
import { getStore, type Harvest } from './store';

export function csv(totals: Record<string, unknown>) {
  const lines = ['crop,grams'];
  for (const [crop, grams] of Object.entries(totals)) {
    lines.push(`${cropById(crop).name},${grams.toFixed(0)}`);
  }
  return lines.join('\n');
}

export function heaviest() {
  const totals: object = getStore().totals();
  const rows = Object.entries(totals).sort((a, b) => b[1] - a[1]);
  const [crop, grams] = rows[0] ?? [];
  return crop ? `${cropById(crop).name}, ${weight(grams)}` : 'Nothing picked yet';
}

export function ages() {
  const out = [];
  for (const bed of getStore().beds) {
    for (const planting of bed.plantings) {
      out.push({ bed: bed.name, crop: planting.crop, days: daysBetween(planting.sown) });
    }
  }
  return out;
}

export function oldest() {
  const [first] = ages().sort((a, b) => b.days - a.days);
  return `${cropById(first.crop).name}, ${plural(first.days, 'day')}`;
}

export function familyCounts() {
  const groups = families();
  return Object.keys(groups).map((family) => ({ family, count: groups[family].length }));
}

export function monthly(picks: Harvest[]) {
  const months = Array(12).fill(0);
  picks.forEach((pick, index) => {
    months[new Date(pick.date).getMonth()] += pick.grams;
  });
  return months;
}

export function download(name: string, text: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
