import { plural } from '../lib/format';

export interface Seed {
  id: string;
  name: string;
  packets: number;
  plot: number;
}

export default function SeedRow({ seed, taken, onTake }: { seed: Seed; taken: boolean; onTake: (id: string) => void }) {
  return (
    <li class={taken ? 'taken' : ''}>
      {seed.name}: {plural(seed.packets, 'packet')}, from plot {seed.plot}
      <button type="button" aria-pressed={taken} onClick={() => onTake(seed.id)}>
        {taken ? 'Put back' : 'I will take one'}
      </button>
    </li>
  );
}
