"""A small valid PDF of text lines; the label document and the document of a credit note."""


def text_pdf(lines: list[str]) -> bytes:
    """One page, 4 by 6 inches, with the lines as real text from top to bottom."""
    drawn = ["BT", "/F1 10 Tf", "14 TL", "18 408 Td"]
    for line in lines:
        safe = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        drawn += [f"({safe}) Tj", "T*"]
    content = "\n".join([*drawn, "ET"]).encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 288 432] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        document += b"%010d 00000 n \n" % offset
    document += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(document)


def label_lines(label: dict, shipment: dict) -> list[str]:
    """What stands on a label: RMA number, tracking number, both addresses."""
    lines = ["RETURN LABEL" if label["is_return_label"] else "SHIPPING LABEL"]
    if label["rma_number"]:
        lines.append(f"RMA {label['rma_number']}")
    lines += [f"{label['carrier_code'].upper()} {label['service_code']}", f"Tracking {label['tracking_number']}", ""]
    for title, key in (("FROM", "ship_from"), ("TO", "ship_to")):
        address = shipment.get(key) or {}
        lines.append(title)
        for name in ("company_name", "name", "address_line1", "address_line2"):
            if address.get(name):
                lines.append(str(address[name]))
        place = f"{address.get('postal_code', '')} {address.get('city_locality', '')} {address.get('country_code', '')}"
        lines += [place.strip(), ""]
    return lines
