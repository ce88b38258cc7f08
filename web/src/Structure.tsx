// The structure as it was predicted: an ion's atoms are marked on it, and atoms can be labelled.
import type { JSX } from "preact";
import type { Drawing, Prediction, RetentionIndex } from "./api";
import { said } from "./phrases";
import { mzText, signed } from "./plot";
import { ionsAt } from "./SpectrumPlot";
import { chosenSpectrum, hit, labelAtom, marking, prediction, selected, type Isotope } from "./state";
import { t } from "./words";

const ISOTOPES: [Isotope, string][] = [["2H", "²H"], ["13C", "¹³C"], ["15N", "¹⁵N"], ["18O", "¹⁸O"]];
const RADIUS = 11;
const SHOWN_IONS = 8;

export function Picture({ drawing, alt }: { drawing: Drawing; alt: string }): JSX.Element {
  const { svg, width, height } = drawing;
  return <img class="picture" src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`} {...{ width, height, alt }} />;
}

export function Structure(): JSX.Element | null {
  const found = hit.value ?? prediction.value;
  if (!found) return null;
  return (
    <section class="card structure" aria-labelledby="structure-title">
      <h2 id="structure-title">{t("structure")}{hit.value && `: ${t("candidate")} ${hit.value.rank}`}</h2>
      {found.drawing && (
        <div class="drawing" style={{ maxWidth: `${found.drawing.width}px` }}>
          <Picture drawing={found.drawing} alt={found.smiles} />
          {!hit.value && <Atoms />}
        </div>
      )}
      {!hit.value && <Labels />}
      <dl>
        {hit.value?.name && <><dt>{t("name")}</dt><dd>{hit.value.name}</dd></>}
        {found.formula && <><dt>{t("formula")}</dt><dd><Formula text={found.formula} /></dd></>}
        {found.nominal_mass != null && <><dt>{t("mass")}</dt><dd>{found.nominal_mass}</dd></>}
        {hit.value && hit.value.retention_index != null && <><dt>{t("retentionIndex")}</dt><dd>{indexText(hit.value)} {said(hit.value.column ?? "")}</dd></>}
        {"exact_mass" in found && <><dt>{t("exactMass")}</dt><dd>{found.exact_mass.toFixed(4)}</dd></>}
        {found.smiles && <><dt>SMILES</dt><dd class="code">{found.smiles}</dd></>}
        {"inchikey" in found && <><dt>InChIKey</dt><dd class="code">{found.inchikey}</dd></>}
      </dl>
    </section>
  );
}

/** Over the picture: the atoms that an ion keeps, and those that can be labelled. */
function Atoms(): JSX.Element {
  const found = prediction.value!;
  const { atoms, width, height } = found.drawing;
  const ion = ionsAt(found, selected.value)[0];
  return (
    <svg viewBox={`0 0 ${width} ${height}`} data-testid="atoms">
      {ion?.atoms.map((atom) => <circle key={atom} class="kept" cx={atoms[atom]![0]} cy={atoms[atom]![1]} r={RADIUS} />)}
      {marking.value &&
        atoms.map(([x, y], atom) => (
          <circle
            key={atom}
            class="target"
            cx={x}
            cy={y}
            r={RADIUS}
            role="button"
            tabindex={0}
            aria-label={`${t("markAtom")} ${atom + 1}`}
            onClick={() => void labelAtom(atom)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" && event.key !== " ") return;
              event.preventDefault();
              void labelAtom(atom);
            }}
          />
        ))}
    </svg>
  );
}

function Labels(): JSX.Element {
  return (
    <>
      <div class="labels" role="group" aria-label={t("label")}>
        <span>{t("label")}</span>
        {ISOTOPES.map(([isotope, shown]) => (
          <button
            key={isotope}
            type="button"
            aria-pressed={marking.value === isotope}
            onClick={() => (marking.value = marking.value === isotope ? null : isotope)}
          >
            {shown}
          </button>
        ))}
      </div>
      {marking.value && <p class="quiet">{t("labelHint")}</p>}
    </>
  );
}

/** A formula as chemists set it: C2[13C]H6O2+ has its 13 and its charge raised, the other numbers lowered. */
export function Formula({ text }: { text: string }): JSX.Element {
  const parts = text.split(/(\[\d+[A-Z][a-z]?\]|\d+|[+-]$)/);
  return <>{parts.map((part, place) => (place % 2 ? <Part key={place} text={part} /> : part))}</>;
}

function Part({ text }: { text: string }): JSX.Element {
  const isotope = /^\[(\d+)(.+)\]$/.exec(text);
  if (isotope) return <><sup>{isotope[1]}</sup>{isotope[2]}</>;
  return /\d/.test(text) ? <sub>{text}</sub> : <sup>{text}</sup>;
}

/** How far the spectrum is to be trusted, and the retention index where one is predicted. */
export function Certainty(): JSX.Element | null {
  const found = prediction.value;
  if (!found || hit.value) return null; // what is known of the drawing is not of a candidate
  return (
    <section class="card certainty" aria-labelledby="certainty-title">
      <h2 id="certainty-title">{t("certainty")}</h2>
      {found.expected_similarity ? (
        <>
          <h3>{t("expected")}</h3>
          {Object.entries(found.expected_similarity).map(([name, { mean, lower, upper }]) => (
            <div key={name} class="expectation">
              <span>{t(name as "cosine")}</span>
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect class="scale" x="0" y="3.5" width="100" height="3" rx="1.5" />
                <rect class="half" x={100 * lower} y="2" width={Math.max(1, 100 * (upper - lower))} height="6" rx="1" />
                <rect class="mean" x={100 * mean - 0.6} y="0" width="1.2" height="10" />
              </svg>
              <b>{mean.toFixed(2)}</b>
              <small>{t("middleHalf")} {lower.toFixed(2)}–{upper.toFixed(2)}</small>
            </div>
          ))}
        </>
      ) : (
        <p class="quiet">{t("noExpectation")}</p>
      )}
      {found.annotations && <ChiefIons found={found} />}
      <Retention found={found} />
      {found.neighbours && found.neighbours.length > 0 && (
        <>
          <h3>{t("nearest")}</h3>
          <ol class="neighbours">
            {found.neighbours.map(({ name, similarity }) => (
              <li key={name}><span>{name}</span><b>{similarity.toFixed(2)}</b></li>
            ))}
          </ol>
        </>
      )}
      {found.notes.length > 0 && <ul class="notes">{found.notes.map((note) => <li key={note}>{said(note)}</li>)}</ul>}
      <p class="quiet">{t("hypothesis")}</p>
    </section>
  );
}

/** The predicted index, and how far it is from that of the measured spectrum, if that is of such a column. */
function Retention({ found }: { found: Prediction }): JSX.Element | null {
  if (found.retention_index == null) return null;
  const measured = chosenSpectrum();
  const own = measured?.column_kind === found.column ? measured?.retention_index : null;
  return (
    <p class="index">
      {t("retentionIndex")} <b>{Math.round(found.retention_index)}</b>{" "}
      {found.retention_index_low != null && `(90 %: ${Math.round(found.retention_index_low)}–${Math.round(found.retention_index_high!)}), `}
      {said(found.column ?? "")}
      {own != null && <><br />{t("measuredWord")} {Math.round(own)}, <abbr title={t("difference")}>ΔRI</abbr> {signed(Math.round(found.retention_index - own))}</>}
    </p>
  );
}

/** An index with its interval, where it was predicted. */
function indexText({ retention_index: value, retention_index_low: low, retention_index_high: high }: RetentionIndex): string {
  if (value == null) return "";
  return low == null ? `${Math.round(value)}` : `${Math.round(value)} (${Math.round(low)}–${Math.round(high!)})`;
}

/** What the teacher takes the highest peaks for; a choice marks the atoms. */
function ChiefIons({ found }: { found: Prediction }): JSX.Element {
  const highest = [...found.peaks].sort((a, b) => b[1] - a[1]).slice(0, SHOWN_IONS);
  return (
    <>
      <h3>{t("highestPeaks")}</h3>
      <table data-testid="ions">
        <tbody>
          {highest.map(([mz]) => {
            const ion = ionsAt(found, mz)[0];
            return (
              <tr key={mz} class={selected.value === mz ? "chosen" : ""}>
                <th scope="row">
                  <button type="button" class="plain" aria-pressed={selected.value === mz} onClick={() => (selected.value = mz)}>{mzText(mz)}</button>
                </th>
                <td>{ion ? <Formula text={ion.formula} /> : t("unexplained")}</td>
                <td>{ion?.neutral_loss ? <>− <Formula text={ion.neutral_loss} /></> : ion && t("molecularIon")}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
