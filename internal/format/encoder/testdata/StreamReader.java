import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.zip.*;
import javax.xml.parsers.SAXParserFactory;
import org.apache.poi.ss.usermodel.*;
import org.apache.poi.openxml4j.opc.OPCPackage;
import org.apache.poi.xssf.eventusermodel.XSSFReader;
import org.xml.sax.Attributes;
import org.xml.sax.helpers.DefaultHandler;

// StreamReader reads ZIP archives and workbooks from standard input, without
// seeking: "zip" prints the name and size of each entry, also of archives inside;
// "xlsx" prints the cells of the first sheet with Apache POI, "xls" with HSSF.
public class StreamReader {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        InputStream in = new BufferedInputStream(System.in);
        if (args[0].equals("zip")) {
            entries(in, "", out);
            return;
        }
        if (args[0].equals("xlsx")) {
            sheet(in, out);
            return;
        }
        Workbook book = new org.apache.poi.hssf.usermodel.HSSFWorkbook(in);
        DataFormatter format = new DataFormatter();
        for (Row row : book.getSheetAt(0)) {
            StringBuilder line = new StringBuilder();
            for (Cell cell : row) {
                line.append(line.length() > 0 ? "\t" : "").append(format.formatCellValue(cell).replace("\n", "\\n"));
            }
            out.println(line);
        }
    }

    // sheet reads the package with POI and the cells with SAX: the classes that POI
    // makes of schemas are missing in Debian's package.
    static void sheet(InputStream in, PrintStream out) throws Exception {
        OPCPackage pkg = OPCPackage.open(in);
        InputStream sheet = new XSSFReader(pkg).getSheetsData().next();
        SAXParserFactory.newInstance().newSAXParser().parse(sheet, new DefaultHandler() {
            final StringBuilder line = new StringBuilder(), text = new StringBuilder();

            @Override public void startElement(String uri, String local, String name, Attributes attributes) {
                if (name.equals("row")) {
                    line.setLength(0);
                }
                text.setLength(0);
            }

            @Override public void characters(char[] c, int from, int n) {
                text.append(c, from, n);
            }

            @Override public void endElement(String uri, String local, String name) {
                if (name.equals("v") || name.equals("t")) {
                    line.append(line.length() > 0 ? "\t" : "").append(text.toString().replace("\n", "\\n"));
                } else if (name.equals("row")) {
                    out.println(line);
                }
            }
        });
    }

    static void entries(InputStream in, String prefix, PrintStream out) throws IOException {
        ZipInputStream zip = new ZipInputStream(in, StandardCharsets.UTF_8);
        for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
            if (e.getName().endsWith(".xlsx")) {
                entries(zip, prefix + e.getName() + "/", out);
                continue;
            }
            long n = 0;
            byte[] buf = new byte[65536];
            for (int k = zip.read(buf); k >= 0; k = zip.read(buf)) {
                n += k;
            }
            out.println(prefix + e.getName() + "\t" + n);
        }
    }
}
