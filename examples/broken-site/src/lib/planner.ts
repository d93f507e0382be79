import { crops, sowable } from './crops';
import { BedGrid } from './grid';
import { getStore, type Bed, type PlotStore } from './store';
import { shortDate, weight } from './format';

export class Planner {
  private root: HTMLElement;
  private store: PlotStore;
  private dialog: HTMLDialogElement;
  private form: HTMLFormElement;
  private grids: BedGrid[] = [];
  private target: { bed: Bed; row: number } | null = null;
  private status: HTMLElement;
  private undo = [];

  constructor(root: HTMLElement) {
    this.root = root;
    this.store = getStore();
    this.dialog = root.querySelector('dialog')!;
    this.form = this.dialog.querySelector('form')!;
    this.status = root.querySelector<HTMLElement>('[data-status]')!;
    this.bind();
    this.render();
  }

  bind() {
    this.store.on('change', (bed: Bed) => this.refresh(bed));
    this.store.on('saved', (time: number) => {
      this.status.textContent = 'Saved at ' + new Date(time).toLocaleTimeString('en-GB');
    });
    this.form.addEventListener('submit', (e) => {
      e.preventDefault();
      this.submit();
    });
    this.root.querySelector('[data-cancel]')?.addEventListener('click', () => this.dialog.close());
    this.root.querySelector('[data-undo]')?.addEventListener('click', () => this.revert());
    this.root.querySelector('[data-month]').addEventListener('change', (e) => this.fill(Number(e.target.value)));
    document.addEventListener('keydown', (e) => {
      if (e.key === 'z' && e.ctrlKey && e.target.tagName !== 'INPUT') this.revert();
    });
    window.addEventListener('resize', () => this.grids.forEach((grid) => grid.resize()));
  }

  render() {
    const holder = this.root.querySelector('[data-beds]')!;
    holder.replaceChildren();
    for (const bed of this.store.beds) {
      const figure = document.createElement('figure');
      const canvas = document.createElement('canvas');
      const caption = document.createElement('figcaption');
      caption.textContent = this.describe(bed);
      canvas.setAttribute('role', 'button');
      canvas.tabIndex = 0;
      canvas.setAttribute('aria-label', caption.textContent);
      figure.append(caption, canvas);
      holder.append(figure);
      const grid = new BedGrid(canvas, bed);
      canvas.addEventListener('click', (e) => this.open(bed, grid.rowAt(e.offsetY)));
      let row = 0;
      canvas.addEventListener('keydown', (e) => {
        if (e.key === 'Enter' || e.key === ' ') this.open(bed, row);
        else if (e.key === 'ArrowDown') row = Math.min(row + 1, bed.rows - 1);
        else if (e.key === 'ArrowUp') row = Math.max(row - 1, 0);
        else return;
        e.preventDefault();
        grid.point(row);
      });
      this.grids.push(grid);
    }
    this.grids.forEach((grid) => grid.resize());
    this.fill(new Date().getMonth() + 1);
  }

  describe(bed: Bed) {
    const last = bed.plantings[bed.plantings.length - 1];
    return `${bed.name}: ${bed.plantings.length} of ${bed.rows} rows, last sown ${shortDate(last && last.sown)}`;
  }

  refresh(bed: Bed) {
    const grid = this.grids.find((g) => g.bed.id === bed.id);
    if (!grid) return;
    grid.bed = bed;
    grid.draw();
    grid.canvas.previousElementSibling!.textContent = this.describe(bed);
  }

  open(bed: Bed, row: number) {
    if (row === null) return;
    this.target = { bed, row };
    const planting = bed.plantings.find((p) => p.row === row);
    this.dialog.querySelector('h2')!.textContent = `${bed.name}, row ${row + 1}`;
    this.form.querySelector('select')!.value = planting?.crop ?? '';
    this.form.querySelector<HTMLInputElement>('[name=grams]')!.value = '';
    this.dialog.showModal();
  }

  submit() {
    const { bed, row } = this.target;
    const data = new FormData(this.form);
    this.undo.push({ bed: bed.id, plantings: structuredClone(bed.plantings) });
    const crop = data.get('crop');
    const grams = parseInt(data.get('grams'));
    if (crop === '') this.store.clear(bed.id, row);
    else if (bed.plantings.find((p) => p.row === row)?.crop !== crop) this.store.plant(bed.id, crop, row);
    if (grams > 0) {
      this.store.weigh(bed.id, row, grams);
      this.status.textContent = weight(grams) + ' picked';
    }
    this.dialog.close();
  }

  revert() {
    const last = this.undo.pop();
    if (!last) return;
    const bed = this.store.bed(last.bed);
    if (!bed) return;
    bed.plantings = last.plantings;
    this.refresh(bed);
    this.store.save();
  }

  fill(month) {
    const list = this.root.querySelector('[data-sow]')!;
    const names = sowable(month).map((crop) => crop.name);
    list.innerText = names.length ? names.join(', ') : 'Nothing; mend the fence.';
    this.root.querySelector('[data-month]').value = String(month);
  }
}
