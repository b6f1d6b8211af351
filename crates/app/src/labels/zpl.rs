//! Labels in ZPL II for label printers of 203 dots an inch; the printer draws the codes itself.

use super::code::Symbology;
use super::{Label, Sheet};
use std::fmt::Write as _;

/// Dots of a millimetre at 203 dots an inch.
const DOTS: f32 = 8.0;

/// One label after the other, each of the size of a label of the sheet.
#[must_use]
pub fn labels(sheet: &Sheet, labels: &[Label], symbology: Symbology) -> String {
    let mut out = String::new();
    let (width, height) = (dots(sheet.label.0), dots(sheet.label.1));
    for label in labels {
        let code = escaped(&label.code);
        // UTF-8, then width and length of the label.
        let _ = write!(out, "^XA^CI28^PW{width}^LL{height}");
        let (x, mut y) = match symbology {
            Symbology::Code128 => {
                let tall = height * 2 / 5;
                let _ = write!(out, "^FO24,16^BY2^BCN,{tall},N,N,N,A^FH^FD{code}^FS");
                (24, tall + 28)
            }
            Symbology::Qr => {
                // Level M, read as it stands.
                let _ = write!(out, "^FO16,8^BQN,2,{}^FH^FDMA,{code}^FS", (height / 45).clamp(2, 8));
                (height.min(width / 2) + 16, 24)
            }
            Symbology::DataMatrix => {
                let _ = write!(out, "^FO16,16^BXN,{},200^FH^FD{code}^FS", (height / 32).clamp(3, 12));
                (height.min(width / 2) + 16, 24)
            }
        };
        for (n, line) in label.lines.iter().enumerate() {
            let size = if n == 0 { 32 } else { 22 };
            let _ = write!(out, "^FO{x},{y}^A0N,{size},{size}^FH^FD{}^FS", escaped(line));
            y += size + 6;
        }
        out.push_str("^XZ\n");
    }
    out
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a label has some hundred dots")]
fn dots(mm: f32) -> u32 {
    (mm * DOTS).round() as u32
}

/// What a field holds: letters that begin commands are written as their code.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '^' | '~' | '_' | '\\' => format!("_{:02X}", u32::from(c)),
            c if c.is_control() => String::new(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::SHEETS;
    use super::*;

    #[test]
    fn each_label_is_a_format_of_its_own_and_no_text_is_a_command() {
        let label = Label { code: "T^XZ_1".into(), lines: vec!["T~1".into(), "Łódź".into()] };
        for symbology in [Symbology::Code128, Symbology::Qr, Symbology::DataMatrix] {
            let text = labels(&SHEETS[3], &[label.clone(), label.clone()], symbology);
            assert_eq!(text.matches("^XA").count(), 2);
            assert_eq!(text.matches("^XZ").count(), 2, "{text}");
            assert!(text.contains("T_5EXZ_5F1") && text.contains("T_7E1") && text.contains("Łódź"));
        }
    }
}
