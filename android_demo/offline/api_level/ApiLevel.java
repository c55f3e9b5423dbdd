import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.codehaus.mojo.animal_sniffer.Clazz;
import org.codehaus.mojo.animal_sniffer.SignatureBuilder;
import org.codehaus.mojo.animal_sniffer.SignatureChecker;
import org.codehaus.mojo.animal_sniffer.logging.Logger;
import org.codehaus.mojo.animal_sniffer.logging.PrintWriterLogger;

/**
 * Prints what a program uses that an Android version lacks, each as a line that starts in [ERROR].
 *
 * <p>Arguments: SIGNATURE SOURCES PROGRAM LIBRARIES: what that version has, and three paths as of
 * javac: folders of sources, of the program's classes, and libraries that are shipped with it.
 *
 * <p>Animal Sniffer's own Maven plugin leaves out calls that name a class of the program. A method
 * that is inherited from Android is called by such a name: getDisplay() in an Activity. So here the
 * program's classes are added to what Android has, and nothing is left out.
 */
public final class ApiLevel {
    private static final String GUARDED = "android.annotation.TargetApi";
    private static final List<String> BUFFERS =
            List.of("Byte", "Char", "Double", "Float", "Int", "Long", "Short");
    private static final List<String> BUFFER_METHODS =
            List.of("clear()", "flip()", "limit(I)", "mark()", "position(I)", "reset()", "rewind()");

    private ApiLevel() {}

    public static void main(String[] arguments) throws IOException {
        Logger logger = new PrintWriterLogger(System.out);
        File[] program = files(arguments[2]);
        Map<String, Clazz> present =
                present(new File(arguments[0]), logger, program, files(arguments[3]));
        addWhatR8Replaces(present);
        SignatureChecker checker = new SignatureChecker(present, Set.of(), logger);
        checker.setAnnotationTypes(List.of(GUARDED));
        checker.setSourcePath(List.of(files(arguments[1])));
        checker.process(program);
    }

    /** Returns all classes that there are on the phone. */
    private static Map<String, Clazz> present(File android, Logger logger, File[]... shipped)
            throws IOException {
        ByteArrayOutputStream merged = new ByteArrayOutputStream();
        try (InputStream signature = new FileInputStream(android)) {
            SignatureBuilder builder =
                    new SignatureBuilder(new InputStream[] {signature}, merged, logger);
            for (File[] classes : shipped) {
                builder.process(classes);
            }
            builder.close();
        }
        return SignatureChecker.loadClasses(new ByteArrayInputStream(merged.toByteArray()));
    }

    /** A FloatBuffer's clear() returns a FloatBuffer from API 29 on; R8 calls a Buffer's below. */
    private static void addWhatR8Replaces(Map<String, Clazz> present) {
        for (String type : BUFFERS) {
            String name = "java/nio/" + type + "Buffer";
            for (String method : BUFFER_METHODS) {
                present.get(name).getSignatures().add(method + "L" + name + ";");
            }
        }
    }

    private static File[] files(String path) {
        return Stream.of(path.split(File.pathSeparator)).map(File::new).toArray(File[]::new);
    }
}
