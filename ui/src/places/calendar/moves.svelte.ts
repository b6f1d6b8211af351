/** Dragging a plan to another day: by whole days, over any cell that names its day; Esc lets go. */
import { addDays, dayOf, startOf, type Day, type Entry } from './calendar';

/** Pixels before a press becomes a drag. */
const SLACK_PX = 5;

/** The window of an entry moved from one day to another; its time of day stays. */
export function moved({ window }: Pick<Entry, 'window'>, from: Day, to: Day): { start: number; end: number } {
  const days = Math.round((startOf(to) - startOf(from)) / 86_400_000);
  const first = dayOf(window.start);
  const start = startOf(addDays(first, days)) + (window.start - startOf(first));
  return { start, end: start + (window.end - window.start) };
}

class Moves {
  /** What is being dragged, and the day it is over. */
  dragged = $state.raw<Entry>();
  over = $state<Day>();
  /** A drop was just made: the click that ends it chooses nothing. */
  dropped = false;

  /** Begins to watch a press on an entry. */
  begin(event: PointerEvent, entry: Entry, ondrop: (entry: Entry, from: Day, to: Day) => void): void {
    if (event.button !== 0 || entry.kind !== 'plan') return;
    const from = dayAt(event);
    const [x, y] = [event.clientX, event.clientY];
    this.dropped = false;
    const stop = new AbortController();
    const end = () => {
      stop.abort();
      this.dragged = undefined;
      this.over = undefined;
    };
    const onmove = (move: PointerEvent) => {
      if (!this.dragged && Math.hypot(move.clientX - x, move.clientY - y) < SLACK_PX) return;
      this.dragged = entry;
      this.over = dayAt(move) ?? this.over;
    };
    const onup = () => {
      const to = this.over;
      const moving = this.dragged !== undefined;
      end();
      if (!moving) return;
      this.dropped = true;
      if (from !== undefined && to !== undefined && to !== from) ondrop(entry, from, to);
    };
    const onkey = (key: KeyboardEvent) => {
      if (key.key !== 'Escape' || !this.dragged) return;
      key.preventDefault();
      key.stopPropagation();
      this.dropped = true;
      end();
    };
    window.addEventListener('pointermove', onmove, { signal: stop.signal });
    window.addEventListener('pointerup', onup, { signal: stop.signal });
    window.addEventListener('pointercancel', end, { signal: stop.signal });
    window.addEventListener('keydown', onkey, { signal: stop.signal, capture: true });
  }
}

/** The day under the pointer. */
function dayAt({ clientX, clientY }: PointerEvent): Day | undefined {
  for (const element of document.elementsFromPoint(clientX, clientY)) {
    const day = element instanceof HTMLElement ? element.dataset['day'] : undefined;
    if (day !== undefined) return day;
  }
  return undefined;
}

export const moves = new Moves();
