// How it is predicted: model, energy, derivative.
import type { JSX } from "preact";
import { chooseDerivative, derivatise, derivatives, energy, model, predict, prediction, problem, server } from "./state";
import { t } from "./words";

const METHODS = ["tms", "meox-tms", "acetyl", "methyl"] as const;

const [LOWEST_ENERGY, STANDARD_ENERGY, HIGHEST_ENERGY] = [5, 70, 1000]; // eV

export function Options(): JSX.Element {
  const { teacher, instrument } = server.value;
  return (
    <div class="options">
      <fieldset>
        <legend>{t("model")}</legend>
        {(["student", "teacher"] as const).map((each) => (
          <label key={each} title={each === "teacher" && !teacher ? t("noTeacher") : ""}>
            <input
              type="radio"
              name="model"
              value={each}
              checked={model.value === each}
              disabled={each === "teacher" && !teacher}
              onChange={() => {
                model.value = each;
                if (each === "student") energy.value = STANDARD_ENERGY;
                void predict();
              }}
            />
            {t(each)}
          </label>
        ))}
        {model.value === "teacher" && (
          <label>
            {t("energy")}{" "}
            <input
              type="number"
              min={LOWEST_ENERGY}
              max={HIGHEST_ENERGY}
              value={energy.value}
              onChange={(event) => {
                const given = event.currentTarget.valueAsNumber || STANDARD_ENERGY;
                energy.value = Math.min(HIGHEST_ENERGY, Math.max(LOWEST_ENERGY, given));
                // What the box says is what is shown, also where the value stays.
                event.currentTarget.value = String(energy.value);
                void predict();
              }}
            />
          </label>
        )}
        {instrument && <p class="quiet">{t("asInstrument")} {instrument}</p>}
      </fieldset>
      <fieldset>
        <legend>{t("derivative")}</legend>
        {METHODS.map((method) => (
          <button key={method} type="button" disabled={!prediction.value || problem.value !== ""} onClick={() => void derivatise(method)}>{t(method)}</button>
        ))}
        {derivatives.value.length > 0 && (
          <div class="chips">
            {derivatives.value.map((each) => (
              <button
                key={each.smiles}
                type="button"
                class="chip"
                aria-pressed={prediction.value?.smiles === each.smiles}
                onClick={() => chooseDerivative(each)}
              >
                {each.name}
              </button>
            ))}
          </div>
        )}
      </fieldset>
    </div>
  );
}
