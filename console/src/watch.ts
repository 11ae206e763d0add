// Watching one run by server-sent events. A stream that breaks is opened again, at
// whatever replica answers.
import { useEffect, useRef, useState } from "preact/hooks";
import { connection, get } from "./api";
import { root } from "./router";
import type { Inst } from "./types";

export const ended = (state: string) => ["STATE_SUCCEEDED", "STATE_EXPIRED", "STATE_FAILED", "STATE_CANCELED", "STATE_TIMED_OUT"].includes(state);

// Sample is a moment of the progress, for the rate.
interface Sample { at: number; rows: number; attempt: number }

export function useWatch(id: string) {
  const [inst, setInst] = useState<Inst>();
  const [error, setError] = useState<unknown>();
  const [turn, setTurn] = useState(0);
  const samples = useRef<Sample[]>([]);
  useEffect(() => {
    let source: EventSource | undefined;
    let timer = 0;
    let stopped = false;
    const take = (i: Inst) => {
      const list = samples.current;
      const sample = { at: Date.now(), rows: Number(i.rowsDone ?? 0), attempt: i.attempt ?? 0 };
      if (list.length && list[list.length - 1]!.attempt !== sample.attempt) list.length = 0;
      list.push(sample);
      while (list.length > 2 && sample.at - list[0]!.at > 10_000) list.shift();
      setInst(i);
      setError(undefined);
    };
    const open = async () => {
      try {
        const first = (await get<{ data: Inst }>(`/v1/inst/${id}`)).data;
        if (stopped) return;
        take(first);
        if (ended(first.state)) return;
      } catch (err) {
        if (!stopped) setError(err);
        return;
      }
      source = new EventSource(`${root}/v1/inst/${id}/watch`);
      const read = (e: MessageEvent<string>) => {
        const inst = JSON.parse(e.data) as Inst;
        take(inst);
        if (ended(inst.state)) source?.close();
      };
      const again = () => {
        source?.close();
        if (!stopped) timer = setTimeout(open, 500) as unknown as number;
      };
      source.addEventListener("change", read);
      source.addEventListener("end", () => source?.close()); // after the change that shows it
      source.onerror = again;
    };
    void open();
    const unsubscribe = connection.subscribe((lost) => {
      if (!lost) {
        source?.close();
        clearTimeout(timer);
        void open();
      }
    });
    return () => {
      stopped = true;
      source?.close();
      clearTimeout(timer);
      unsubscribe();
    };
  }, [id, turn]);
  return { inst, error, samples: samples.current, reload: () => setTurn((n) => n + 1) };
}

// rateOf is the rows a second over the last ten seconds; undefined: not known yet.
export function rateOf(samples: Sample[], now: number): number | undefined {
  const first = samples[0];
  const last = samples[samples.length - 1];
  if (!first || !last || samples.length < 2) return undefined;
  const seconds = (Math.max(now, last.at) - first.at) / 1000;
  return seconds < 0.5 ? undefined : (last.rows - first.rows) / seconds;
}
