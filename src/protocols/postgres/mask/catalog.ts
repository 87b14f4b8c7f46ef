import type { Keep } from './keep.ts'

/** Why and how a column is masked. */
export interface Mask {
  readonly keep: Keep
  /** False: not a text, so it becomes NULL. */
  readonly text: boolean
  /** As the procedure names it: `*.email`. */
  readonly column: string
}

export interface MaskedColumn {
  readonly number: number
  readonly name: string
  /** Generated: not part of COPY. */
  readonly generated: boolean
  readonly mask: Mask | undefined
}

/** A table, view, materialized view or foreign table with at least one masked column. Columns in their order, dropped ones left out. */
export interface MaskedRelation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly columns: readonly MaskedColumn[]
}

export interface CatalogFields {
  readonly relations: readonly MaskedRelation[]
  /** Columns the procedure masks, by name: wherever a name may come from a place that is not known. */
  readonly named: ReadonlyMap<string, Mask>
  /** Those of them that are masked in every table. */
  readonly everywhere: ReadonlyMap<string, Mask>
  /** Functions that take a whole row: `t.to_json` calls one of them. */
  readonly rowFunctions: ReadonlySet<string>
  /** The largest number of a relation when this was read; what has a larger one is newer and not known here. */
  readonly newest: number
}

/** First number of objects that are not the server's own (FirstNormalObjectId). */
const FIRST_OF_USERS = 16_384

/** The masked columns of a database as they were at one moment. */
export class MaskCatalog {
  readonly named: ReadonlyMap<string, Mask>
  readonly everywhere: ReadonlyMap<string, Mask>
  readonly rowFunctions: ReadonlySet<string>
  readonly #newest: number
  readonly #byName = new Map<string, MaskedRelation[]>()
  readonly #byOid = new Map<number, ReadonlyMap<number, Mask>>()

  constructor(fields: CatalogFields) {
    this.named = fields.named
    this.everywhere = fields.everywhere
    this.rowFunctions = fields.rowFunctions
    this.#newest = fields.newest
    for (const relation of fields.relations) {
      const list = this.#byName.get(relation.name)
      if (list) list.push(relation)
      else this.#byName.set(relation.name, [relation])
      const masks = relation.columns.flatMap(({ number, mask }) => (mask ? [[number, mask] as const] : []))
      this.#byOid.set(relation.oid, new Map(masks))
    }
  }

  /** Masked relations a name may mean; without a schema those of every schema, as `search_path` is not known. */
  find(schema: string | undefined, name: string): readonly MaskedRelation[] {
    const found = this.#byName.get(name) ?? []
    return schema === undefined ? found : found.filter(relation => relation.schema === schema)
  }

  /**
   * What the origin of a result column (RowDescription: number of the table, number of the column) says: its mask, `row` for a
   * whole row of a masked table, `clear` for a column known not to be masked, undefined when nothing is known.
   */
  origin(table: number, column: number): Mask | 'row' | 'clear' | undefined {
    if (table === 0) return undefined
    const masks = this.#byOid.get(table)
    if (masks === undefined) return table < FIRST_OF_USERS || table <= this.#newest ? 'clear' : undefined
    return column === 0 ? 'row' : (masks.get(column) ?? 'clear')
  }
}

/** One mask for what may be either: where they differ nothing is kept. */
export function mergeMasks(one: Mask | undefined, other: Mask): Mask {
  if (one === undefined || one === other) return other
  return {
    column: one.column,
    text: one.text && other.text,
    keep: one.keep === other.keep ? one.keep : 'nothing',
  }
}
