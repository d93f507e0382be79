import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import SeedRow from './SeedRow';

const KEY = 'plotwise.swaps';

export default function SeedSwap({ seeds, limit = 8 }) {
  const [query, setQuery] = useState('');
  const [taken, setTaken] = useState([]);
  const input = useRef(null);

  useEffect(() => {
    setTaken(JSON.parse(localStorage.getItem(KEY)) ?? []);
    input.current.focus({ preventScroll: true });
  }, []);

  const shown = useMemo(() => seeds.filter((seed) => seed.name.toLowerCase().includes(query.toLowerCase())).slice(0, limit), [query]);

  function take(id: string) {
    const next = taken.includes(id) ? taken.filter((t) => t !== id) : [...taken, id];
    setTaken(next);
    localStorage.setItem(KEY, JSON.stringify(next));
  }

  return (
    <div class="swap">
      <input ref={input} type="search" aria-label="Find a packet" value={query} onInput={(e) => setQuery(e.target.value)} />
      <ul>
        {shown.map((seed) => (
          <SeedRow key={seed.id} seed={seed} taken={taken.includes(seed.id)} onTake={take} />
        ))}
      </ul>
    </div>
  );
}
