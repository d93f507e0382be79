const KEY = 'plotwise.beds';
const VERSION = 3;

export interface Planting {
  crop: string;
  row: number;
  sown: string;
  harvested?: { date: string; grams: number }[];
}

export interface Bed {
  id: string;
  name: string;
  rows: number;
  plantings: Planting[];
  note?: string;
}

const starter: Bed[] = [
  { id: 'north', name: 'North bed', rows: 6, plantings: [{ crop: 'garlic', row: 0, sown: '2025-10-18' }, { crop: 'leek', row: 2, sown: '2026-04-02' }] },
  { id: 'shed', name: 'Bed by the shed', rows: 4, plantings: [{ crop: 'potato', row: 1, sown: '2026-03-28', harvested: [{ date: '2026-07-11', grams: 3400 }] }] },
  { id: 'long', name: 'Long bed', rows: 8, plantings: [] },
];

class PlotStore {
  beds: Bed[];
  private storage: Storage;
  private dirty: boolean;
  private listeners = {};

  constructor(storage: Storage) {
    this.storage = storage;
    this.beds = this.load();
    this.dirty = false;
  }

  load(): Bed[] {
    try {
      const text = this.storage.getItem(KEY);
      if (!text) return structuredClone(starter);
      const saved = JSON.parse(text);
      if (saved.version !== VERSION) return structuredClone(starter);
      return saved.beds;
    } catch (error) {
      console.warn('plotwise: starting again, ' + error.message);
      return structuredClone(starter);
    }
  }

  save() {
    this.dirty = false;
    this.savedAt = Date.now();
    this.storage.setItem(KEY, JSON.stringify({ version: VERSION, beds: this.beds }));
    this.emit('saved', this.savedAt);
  }

  on(event: string, listener) {
    this.listeners[event] = [...(this.listeners[event] || []), listener];
  }

  emit(event: string, detail?: unknown) {
    for (const listener of this.listeners[event] || []) listener(detail);
  }

  bed(id: string) {
    return this.beds.find((bed) => bed.id === id);
  }

  plant(bedId: string, crop: string, row: number, sown = new Date()) {
    const bed = this.bed(bedId);
    if (!bed) return;
    bed.plantings = bed.plantings.filter((planting) => planting.row !== row);
    bed.plantings.push({ crop, row, sown: sown.toISOString().slice(0, 10) });
    this.dirty = true;
    this.emit('change', bed);
    this.save();
  }

  clear(bedId: string, row: number) {
    const bed = this.bed(bedId);
    const gone = bed?.plantings.find((planting) => planting.row === row);
    bed.plantings = bed.plantings.filter((planting) => planting !== gone);
    delete gone.sown;
    this.emit('change', bed);
    this.save();
  }

  weigh(bedId: string, row: number, grams: number) {
    const planting = this.bed(bedId)?.plantings.find((p) => p.row === row);
    if (!planting) return;
    planting.harvested = planting.harvested ?? [];
    planting.harvested.push({ date: new Date().toISOString(), grams: grams });
    this.emit('change', this.bed(bedId));
    this.save();
  }

  totals() {
    const totals: Record<string, number> = {};
    for (const bed of this.beds) {
      for (const planting of bed.plantings) {
        for (const pick of planting.harvested || []) totals[planting.crop] = (totals[planting.crop] || 0) + pick.grams;
      }
    }
    return totals;
  }
}

let store: PlotStore | undefined;

export function getStore(): PlotStore {
  if (!store) store = new PlotStore(window.localStorage);
  return store;
}

export type { PlotStore };
