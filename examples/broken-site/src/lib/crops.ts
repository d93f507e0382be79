// Sowing and harvest months are 1-12; spacing is in centimetres.
export const crops = [
  { id: 'broad-bean', name: 'Broad bean', family: 'legume', sow: [10, 11, 2, 3], harvest: [6, 7], spacing: 20, colour: '#7a9a4b' },
  { id: 'beetroot', name: 'Beetroot', family: 'root', sow: [4, 5, 6, 7], harvest: [7, 8, 9], spacing: 12, colour: '#8c2f4f' },
  { id: 'kale', name: 'Kale', family: 'brassica', sow: [4, 5, 6], harvest: [9, 10, 11, 12, 1, 2], spacing: 45, colour: '#2f5d4a', net: true },
  { id: 'leek', name: 'Leek', family: 'allium', sow: [3, 4], harvest: [9, 10, 11, 12, 1, 2, 3], spacing: 18, colour: '#9fb88a' },
  { id: 'potato', name: 'Potato', family: 'nightshade', sow: [3, 4], harvest: [6, 7, 8, 9], spacing: 38, colour: '#b98b54', chit: { days: 42 } },
  { id: 'runner-bean', name: 'Runner bean', family: 'legume', sow: [5, 6], harvest: [7, 8, 9], spacing: 25, colour: '#c2452d', support: 'canes' },
  { id: 'squash', name: 'Squash', family: 'cucurbit', sow: [4, 5], harvest: [8, 9, 10], spacing: 90, colour: '#d9922e' },
  { id: 'garlic', name: 'Garlic', family: 'allium', sow: [10, 11], harvest: [6, 7], spacing: 15, colour: '#cfc3a6' },
];

const byId = {};
for (const crop of crops) byId[crop.id] = crop;

export function cropById(id) {
  return byId[id];
}

// What may follow what: the four-year rotation pinned up in the shed.
export const rotation = {
  legume: 'brassica',
  brassica: 'allium',
  allium: 'root',
  root: 'legume',
  nightshade: 'legume',
  cucurbit: 'legume',
};

export function next(family: string) {
  return rotation[family];
}

export function sowable(month: number) {
  return crops.filter((crop) => crop.sow.includes(month));
}

export function chittingStart(id: string, planting: Date) {
  const crop = crops.find((c) => c.id === id);
  const start = new Date(planting);
  start.setDate(start.getDate() - crop.chit.days);
  return start;
}

export function families() {
  const groups: Record<string, typeof crops> = {};
  crops.forEach((crop) => {
    (groups[crop.family] = groups[crop.family] || []).push(crop);
  });
  return groups;
}
