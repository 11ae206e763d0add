package format

import "exporttask/internal/format/row"

// Stored returns the type that spreadsheets store the cells of the column as:
// the declared type or, for Auto, the type that corresponds to the kind of the
// values. It never returns Auto. A cell whose value the type cannot represent
// (KeepsNumber, ParseSerial or ParseBool returns false) is stored as text.
func (c *Column) Stored() Type {
	if c.Type != Auto {
		return c.Type
	}
	if c.Map != nil {
		return AsText
	}
	switch c.Source.Kind {
	case row.Int:
		if c.Source.Zerofill {
			return AsText
		}
		return AsNumber
	case row.Decimal, row.Float:
		if c.Source.Zerofill {
			return AsText
		}
		return AsNumber
	case row.Bit, row.Year:
		return AsNumber
	case row.Date:
		return AsDate
	case row.DateTime:
		return AsDateTime
	case row.Text, row.Time, row.Binary, row.Geometry:
		return AsText
	}
	return AsText
}

// NumberFormat returns the number format of the column's cells in Excel's
// notation: the declared format or one that shows values as the server writes
// them. "" stands for General. Integers have the format "0" because General
// switches to exponents at twelve digits. Seconds have at most three decimals,
// the most that Excel shows.
func (c *Column) NumberFormat() string {
	if c.Format != "" {
		return c.Format
	}
	const zeros = "000000000000000000000000000000" // 30, the most a DECIMAL has
	switch c.Stored() {
	case AsDate:
		return "yyyy-mm-dd"
	case AsDateTime:
		if n := min(c.Source.Scale, 3); c.Source.Kind == row.DateTime && n > 0 {
			return "yyyy-mm-dd hh:mm:ss." + zeros[:n]
		}
		return "yyyy-mm-dd hh:mm:ss"
	case AsNumber:
		switch c.Source.Kind {
		case row.Int, row.Bit, row.Year:
			return "0"
		case row.Decimal, row.Float:
			if n := min(c.Source.Scale, len(zeros)); n > 0 {
				return "0." + zeros[:n]
			}
			if c.Source.Kind == row.Decimal && c.Source.Scale == 0 {
				return "0"
			}
		case row.Text, row.Date, row.Time, row.DateTime, row.Binary, row.Geometry:
		}
	case AsBool:
		// LibreOffice shows a truth value as a number in some cells without it; Excel
		// shows TRUE and FALSE in the language of the program whatever the format.
		return `"TRUE";"TRUE";"FALSE"`
	case Auto, AsText:
	}
	return ""
}
