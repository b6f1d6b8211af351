/** What the columns of a grid are: data, so that order, width and sorting are too. */

export interface Column<Row> {
  id: string;
  title: string;
  /** A width of CSS grid, such as '12ch' or 'minmax(20ch, 3fr)'. */
  width: string;
  /** The text of the cell, unless the grid's cell snippet draws it. */
  text?: (row: Row) => string;
  /** Sorts by this column in the store. */
  sortable?: boolean;
  /** What the store calls it, where that is not the id. */
  by?: string;
  /** Figures, to the right and in even digits. */
  figures?: boolean;
}

export interface Sort {
  column: string;
  descending: boolean;
}

/** The tracks of CSS grid for the columns. */
export function tracks(columns: readonly { width: string }[]): string {
  return columns.map(({ width }) => width).join(' ');
}

/** The least width of a row: the same for all, whatever is in their cells. */
export function leastWidth(columns: readonly { width: string }[]): string {
  return `calc(${columns.map(({ width }) => /^minmax\(([^,]+),/.exec(width)?.[1] ?? width).join(' + ')})`;
}

/** The sort after a header was pressed: up, down, up again. */
export function turned(sort: Sort | undefined, column: string): Sort {
  return { column, descending: sort?.column === column && !sort.descending };
}
