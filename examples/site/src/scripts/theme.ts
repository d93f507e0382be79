import { one } from '../lib/dom';

const button = one(HTMLButtonElement, '[data-theme-switch]');
const system = matchMedia('(prefers-color-scheme: dark)');

const isDark = (): boolean => {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === 'dark' : system.matches;
};

function show(): void {
  button.setAttribute('aria-pressed', String(isDark()));
  button.hidden = false;
}

button.addEventListener('click', () => {
  const theme = isDark() ? 'light' : 'dark';
  document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem('theme', theme);
  } catch {
    // Storage can be blocked; the choice then lasts for this page.
  }
  show();
});
system.addEventListener('change', show);
show();
