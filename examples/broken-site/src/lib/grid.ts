import { cropById } from './crops';
import type { Bed } from './store';

const ROW = 46;
const PAD = 12;

export class BedGrid {
  canvas: HTMLCanvasElement;
  ctx: CanvasRenderingContext2D;
  bed: Bed;
  ratio: number;
  width: number;
  height: number;

  constructor(canvas: HTMLCanvasElement, bed: Bed) {
    this.canvas = canvas;
    this.ctx = canvas.getContext('2d');
    this.bed = bed;
    this.hover = null;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.addEventListener('pointermove', (e) => this.point(this.rowAt(e.offsetY)));
    this.canvas.addEventListener('pointerleave', () => this.point(null));
    this.resize();
  }

  resize() {
    const width = this.canvas.parentElement.clientWidth;
    const height = this.bed.rows * ROW + PAD * 2;
    this.canvas.width = width * this.ratio;
    this.canvas.height = height * this.ratio;
    this.canvas.style.height = height + 'px';
    this.width = width;
    this.height = height;
    this.draw();
  }

  rowAt(y: number) {
    const row = Math.floor((y - PAD) / ROW);
    return row >= 0 && row < this.bed.rows ? row : null;
  }

  point(row: number | null) {
    if (row === this.hover) return;
    this.hover = row;
    this.draw();
  }

  draw() {
    const ctx = this.ctx;
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.fillStyle = '#5b4632';
    ctx.fillRect(0, 0, this.width, this.height);
    for (let row = 0; row < this.bed.rows; row++) {
      const y = PAD + row * ROW;
      ctx.fillStyle = row === this.hover ? '#7a5f45' : '#6b5340';
      ctx.fillRect(PAD, y + 3, this.width - PAD * 2, ROW - 6);
      this.drawRow(this.bed.plantings.find((planting) => planting.row === row), y);
    }
  }

  drawRow(planting, y: number) {
    if (!planting) return;
    const crop = cropById(planting.crop);
    const gap = Math.max(14, crop.spacing * 0.9);
    this.ctx.fillStyle = crop.colour;
    for (let x = PAD + 18; x < this.width - PAD - 10; x += gap) {
      this.ctx.beginPath();
      this.ctx.arc(x, y + ROW / 2, Math.min(11, gap / 2 - 2), 0, Math.PI * 2);
      this.ctx.fill();
    }
    this.ctx.fillStyle = '#fff';
    this.ctx.font = '600 13px sans-serif';
    this.ctx.fillText(crop.name, PAD + 8, y + 16);
  }
}
