/** A backend in memory for component tests: answers from a table, remembers calls, emits events by hand. */
import type { Events } from '../bindings/commands';
import type { Backend, Name } from '../lib/backend/backend';

export type Answers = Partial<Record<Name, (request: never) => unknown>>;

export interface TestBackend extends Backend {
  calls: { name: Name; request: unknown }[];
  answers: Answers;
  emit<E extends keyof Events>(event: E, payload: Events[E]): void;
}

export function testBackend(answers: Answers = {}): TestBackend {
  const handlers = new Map<string, Set<(payload: never) => void>>();
  const backend: TestBackend = {
    calls: [],
    answers,
    async call(name, request) {
      backend.calls.push({ name, request });
      const answer = backend.answers[name];
      if (!answer) throw new Error(`the test gives no answer to ${name}`);
      return (await answer(request as never)) as never;
    },
    on(event, handler, listening) {
      const of = handlers.get(event) ?? new Set();
      handlers.set(event, of.add(handler as never));
      listening?.();
      return () => of.delete(handler as never);
    },
    emit(event, payload) {
      for (const handler of handlers.get(event) ?? []) handler(payload as never);
    },
  };
  return backend;
}
