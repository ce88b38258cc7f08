// The sticks: predicted upwards, measured downwards. Zoom by dragging, buttons or keys.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Peak, Prediction } from "./api";
import { highest, labels, labelText, mzText, nearest, percent, ticks, wholeRange, within } from "./plot";
import { prediction, range, selected } from "./state";
import { Formula } from "./Structure";
import { t } from "./words";

export interface Colours {
  ink: string;
  line: string;
  above: string;
  below: string;
}

interface SticksProps {
  above: Peak[];
  below: Peak[] | null;
  shown: [number, number];
  width: number;
  height: number;
  colours: Colours;
  mass?: number | null;
}

const LEFT = 46;
const RIGHT = 14;
const TOP = 36; // for the title of the axis, and a label below it
export const BOTTOM = 36;

export function scaleX(shown: [number, number], width: number): (mz: number) => number {
  return (mz) => LEFT + ((mz - shown[0]) / (shown[1] - shown[0])) * (width - LEFT - RIGHT);
}

function stickWidth(shown: [number, number], width: number): number {
  return Math.max(1.2, Math.min(3, (width / (shown[1] - shown[0])) * 0.45));
}

/** The picture alone, in plain attributes, so that it can be saved as it is. */
export function Sticks({ above, below, shown, width, height, colours, mass }: SticksProps): JSX.Element {
  const x = scaleX(shown, width);
  const zero = below ? (TOP + height - BOTTOM) / 2 : height - BOTTOM;
  // Zoomed, the highest peak in view fills the height; the axis says how high it is.
  const [up, down] = [within(above, shown), within(below ?? [], shown)];
  const most = Math.max(highest(up), below ? highest(down) : 0);
  const yUp = (value: number) => zero - (value / most) * (zero - TOP);
  const yDown = (value: number) => zero + (value / most) * (height - BOTTOM - zero - 20);
  const heights = ticks(0, most / 9.99, below ? 2 : 4).filter((value) => value > 0);
  const path = (peaks: Peak[], y: (value: number) => number) =>
    peaks.map(([mz, value]) => `M${x(mz).toFixed(1)} ${zero.toFixed(1)}V${y(value).toFixed(1)}`).join("");
  const stick = stickWidth(shown, width);
  const inView = (mz: number) => mz >= shown[0] && mz <= shown[1];
  const room = Math.max(4, Math.floor(width / 52));
  return (
    <g font-family="system-ui, sans-serif" font-size="11.5" fill={colours.ink}>
      {heights.flatMap((value) => {
        const places = below ? [yUp(value * 9.99), yDown(value * 9.99)] : [yUp(value * 9.99)];
        return places.map((y) => (
          <g key={`${value} ${y}`}>
            <path d={`M${LEFT} ${y}H${width - RIGHT}`} stroke={colours.line} />
            <text x={LEFT - 7} y={y + 4} text-anchor="end">{Number(value.toFixed(3))}</text>
          </g>
        ));
      })}
      {ticks(shown[0], shown[1], width / 80).map((mz) => (
        <g key={mz}>
          <path d={`M${x(mz)} ${height - BOTTOM}v5`} stroke={colours.ink} />
          <text x={x(mz)} y={height - BOTTOM + 18} text-anchor="middle">{mz}</text>
        </g>
      ))}
      <path d={`M${LEFT} ${height - BOTTOM}H${width - RIGHT}`} stroke={colours.ink} />
      <text x={width - RIGHT} y={height - 4} text-anchor="end" font-style="italic">m/z</text>
      <text x={LEFT - 40} y={12}>{t("relative")}</text>
      {mass != null && inView(mass) && (
        <g>
          <path d={`M${x(mass)} ${TOP - 4}V${zero}`} stroke={colours.above} stroke-dasharray="2 4" opacity="0.75" />
          <text x={x(mass)} y={TOP - 10} text-anchor="middle" font-weight="600" fill={colours.above}>M</text>
        </g>
      )}
      <path d={path(up, yUp)} stroke={colours.above} stroke-width={stick} fill="none" />
      {below && <path d={path(down, yDown)} stroke={colours.below} stroke-width={stick} fill="none" />}
      <path d={`M${LEFT} ${zero}H${width - RIGHT}`} stroke={colours.ink} />
      {labels(up, x, yUp, room).map(({ peak, x: place, y }) => (
        <text key={peak[0]} x={place} y={y - 5} text-anchor="middle">{labelText(peak[0])}</text>
      ))}
      {below &&
        labels(down, x, yDown, room).map(({ peak, x: place, y }) => (
          <text key={peak[0]} x={place} y={y + 13} text-anchor="middle">{labelText(peak[0])}</text>
        ))}
    </g>
  );
}

const CSS: Colours = {
  ink: "var(--ink)",
  line: "var(--line)",
  above: "var(--above)",
  below: "var(--below)",
};

interface Props {
  above: Peak[];
  below: Peak[] | null;
  mass: number | null;
  title: string;
}

export function SpectrumPlot({ above, below, mass, title }: Props): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 800, height: 380 });
  const [drag, setDrag] = useState<[number, number] | null>(null);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      const width = Math.max(280, entry!.contentRect.width);
      setSize({ width, height: Math.round(Math.max(300, Math.min(460, width * 0.5))) });
    });
    watch.observe(frame.current!);
    return () => watch.disconnect();
  }, []);

  const whole = wholeRange(above, below ?? []);
  const shown = range.value ?? whole;
  const x = scaleX(shown, size.width);
  // A pointer that moves over thousands of peaks must not have them all drawn anew.
  const sticks = useMemo(
    () => <Sticks {...{ above, below, shown, mass, colours: CSS, ...size }} />,
    [above, below, shown[0], shown[1], mass, size],
  );
  // Of spectra that were there before, a peak may be chosen that these have not.
  const marked = [...above, ...(below ?? [])].some(([mz]) => mz === selected.value) ? selected.value : null;
  const back = (place: number) => shown[0] + ((place - LEFT) / (size.width - LEFT - RIGHT)) * (shown[1] - shown[0]);
  const zoom = (factor: number) => {
    const middle = selected.value ?? (shown[0] + shown[1]) / 2;
    const half = ((shown[1] - shown[0]) * factor) / 2;
    limited(middle - half, middle + half);
  };
  const limited = (low: number, high: number) => {
    if (high - low < 4) return;
    const [from, to] = [Math.max(whole[0], low), Math.min(whole[1], high)];
    range.value = from <= whole[0] && to >= whole[1] ? null : [from, to];
  };
  const pointedAt = (event: { clientX: number; currentTarget: Element }) =>
    event.clientX - event.currentTarget.getBoundingClientRect().left;
  const pick = (event: { clientX: number; currentTarget: Element; pointerType: string }) => {
    // A finger covers several sticks, of which it means a high one.
    const pull = event.pointerType === "touch" ? 12 : 2;
    const peak = nearest(within([...above, ...(below ?? [])], shown), x, pointedAt(event), 14, pull);
    selected.value = peak?.[0] ?? null;
  };
  const step = (direction: 1 | -1) => {
    const all = [...new Set(within([...above, ...(below ?? [])], shown).map(([mz]) => mz))].sort((a, b) => a - b);
    const from = selected.value;
    const next = direction > 0 ? all.find((mz) => from === null || mz > from) : all.findLast((mz) => from === null || mz < from);
    if (next !== undefined) selected.value = next;
  };
  const keys: Record<string, () => void> = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    "0": () => (range.value = null),
    Escape: () => (selected.value = null),
  };
  return (
    <div ref={frame} class="plot">
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" aria-label={t("zoomIn")} title={t("zoomIn")} onClick={() => zoom(0.5)}>+</button>
        <button type="button" aria-label={t("zoomOut")} title={t("zoomOut")} onClick={() => zoom(2)} disabled={!range.value}>−</button>
        <button type="button" onClick={() => (range.value = null)} disabled={!range.value}>{t("zoomAll")}</button>
      </div>
      <svg
        width={size.width}
        height={size.height}
        viewBox={`0 0 ${size.width} ${size.height}`}
        tabindex={0}
        role="application"
        aria-label={`${title}. ${t("plotLabel")}`}
        aria-describedby="peak"
        data-testid="plot"
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          act();
        }}
        onPointerDown={(event) => {
          if (event.pointerType !== "touch") setDrag([pointedAt(event), pointedAt(event)]);
        }}
        onPointerMove={(event) => {
          if (drag) setDrag([drag[0], pointedAt(event)]);
          else pick(event);
        }}
        onPointerUp={(event) => {
          if (drag && Math.abs(drag[1] - drag[0]) > 6) limited(back(Math.min(...drag)), back(Math.max(...drag)));
          else pick(event);
          setDrag(null);
        }}
        onPointerLeave={() => setDrag(null)}
        onDblClick={() => (range.value = null)}
      >
        {marked !== null && marked >= shown[0] && marked <= shown[1] && (
          <path class="mark" d={`M${x(marked)} ${TOP}V${size.height - BOTTOM}`} stroke-width={stickWidth(shown, size.width) + 8} />
        )}
        {sticks}
        {drag && <rect class="drag" x={Math.min(...drag)} y={TOP} width={Math.abs(drag[1] - drag[0])} height={size.height - TOP - BOTTOM} />}
      </svg>
      <p id="peak" class="peak" role="status">{marked === null ? t("plotHint") : <PeakFacts above={above} below={below} mz={marked} mass={mass} />}</p>
    </div>
  );
}

function PeakFacts({ above, below, mz, mass }: { above: Peak[]; below: Peak[] | null; mz: number; mass: number | null }): JSX.Element {
  const [up, down] = [above, below ?? []].map((peaks) => peaks.find((peak) => peak[0] === mz));
  const ions = ionsAt(prediction.value, mz);
  return (
    <>
      <b>m/z {mzText(mz)}</b>
      {up && <span class="above">{t("predicted")} {percent(up[1])} %</span>}
      {down && <span class="below">{t("measuredWord")} {percent(down[1])} %</span>}
      {mass !== null && <span>{mass - mz >= 0.5 && t("loss")} {lossText(mass - mz)}</span>}
      {ions.map((ion) => (
        <span key={ion.formula} class="ion">
          <Formula text={ion.formula} /> {Math.round(100 * ion.share)} %{ion.neutral_loss && <> (− <Formula text={ion.neutral_loss} />)</>}
        </span>
      ))}
    </>
  );
}

/** What a peak has lost of the molecular ion, in Da; of those above it, by how much they are. */
export function lossText(loss: number): string {
  if (Math.abs(loss) < 0.5) return t("molecularIon");
  return loss < 0 ? `M+${mzText(-loss)}` : mzText(loss);
}

/** The chief ions of a peak, where the teacher has named them. */
export function ionsAt(found: Prediction | null, mz: number | null) {
  const peak = found?.annotations?.find((each) => each.mz === mz);
  return (peak?.ions ?? []).filter((ion, place) => place < 1 || (place < 3 && ion.share >= 0.05));
}
