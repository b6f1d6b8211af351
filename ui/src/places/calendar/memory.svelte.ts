/** Where one was in the calendar, so that coming back shows the same again. */
import { dayOf, type Day, type Shown, type ViewId } from './calendar';

class CalendarMemory {
  view = $state<ViewId>('month');
  day = $state<Day>(dayOf(Date.now()));
  /** The entry one was on. */
  chosen = $state<string>();
  shown = $state.raw<Shown>({ release: true, change: true, carried: false, freeze: true });
}

export const memory = new CalendarMemory();
