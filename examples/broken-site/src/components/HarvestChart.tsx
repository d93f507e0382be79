import { useState } from 'preact/hooks';
import sparkline from '../vendor/sparkline.js';

const MONTHS = 'JFMAMJJASOND'.split('');

export default function HarvestChart({ years }) {
  const [year, setYear] = useState(Object.keys(years).pop());
  const values = years[year];

  return (
    <figure>
      <svg viewBox="0 0 480 140" role="img" aria-label={`Kilograms picked in each month of ${year}`}>
        <polyline points={sparkline(values, 480, 130)} />
      </svg>
      {MONTHS.map((month, i) => `${month} ${values[i]}`).join('  ')}
      <button type="button" onClick={() => setYear(Object.keys(years).find((y) => y !== year))}>
        Other year
      </button>
    </figure>
  );
}
