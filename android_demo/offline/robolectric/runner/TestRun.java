import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.Request;
import org.junit.runner.Result;
import org.junit.runner.manipulation.Filter;
import org.junit.runner.manipulation.NoTestsRemainException;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/**
 * Runs test classes with JUnit 4, one line per test, and writes JUnit's XML.
 *
 * <p>Arguments: the XML file, the suite's name, words of which a test's name must contain one
 * (separated by commas; empty for all), then the classes. Exit status: 0 all passed, 1 some failed,
 * 3 there was none.
 */
public final class TestRun extends RunListener {
    /** One test that was run, or left out. */
    private static final class Case {
        final Description test;
        final long started = System.nanoTime();
        double seconds;
        String failure;
        boolean skipped;

        Case(Description test) {
            this.test = test;
        }

        String state() {
            return failure != null ? "FAILED" : skipped ? "skipped" : "passed";
        }
    }

    private final Map<Description, Case> cases = new LinkedHashMap<>();

    public static void main(String[] arguments) throws Exception {
        List<Class<?>> classes = new ArrayList<>();
        for (int i = 3; i < arguments.length; i++) {
            classes.add(Class.forName(arguments[i]));
        }
        TestRun run = new TestRun();
        JUnitCore core = new JUnitCore();
        core.addListener(run);
        Filter wanted = named(arguments[2].isEmpty() ? new String[] {""} : arguments[2].split(","));
        for (Class<?> one : classes) {
            Request request = Request.aClass(one);
            try {
                wanted.apply(request.getRunner());
            } catch (NoTestsRemainException none) {
                continue;
            }
            core.run(request);
        }
        Files.writeString(Path.of(arguments[0]), run.xml(arguments[1]));
        System.out.println(run.summary(arguments[1]));
        // Robolectric's threads would go on.
        System.exit(run.cases.isEmpty() ? 3 : run.count("FAILED") > 0 ? 1 : 0);
    }

    private static Filter named(String[] words) {
        return new Filter() {
            @Override
            public boolean shouldRun(Description test) {
                if (!test.isTest()) {
                    return test.getChildren().stream().anyMatch(this::shouldRun);
                }
                String name = test.getClassName() + "#" + test.getMethodName();
                for (String word : words) {
                    if (name.contains(word)) {
                        return true;
                    }
                }
                return false;
            }

            @Override
            public String describe() {
                return "tests whose name contains " + String.join(" or ", words);
            }
        };
    }

    @Override
    public void testStarted(Description test) {
        cases.put(test, new Case(test));
    }

    @Override
    public void testFailure(Failure failure) {
        // A class that cannot be set up fails without having been started.
        Case found = cases.computeIfAbsent(failure.getDescription(), Case::new);
        found.failure = failure.getTrace();
        if (found.seconds == 0 && failure.getDescription().getMethodName() == null) {
            print(found);
        }
    }

    @Override
    public void testAssumptionFailure(Failure failure) {
        cases.computeIfAbsent(failure.getDescription(), Case::new).skipped = true;
    }

    @Override
    public void testIgnored(Description test) {
        Case ignored = new Case(test);
        ignored.skipped = true;
        cases.put(test, ignored);
        print(ignored);
    }

    @Override
    public void testFinished(Description test) {
        Case finished = cases.get(test);
        finished.seconds = (System.nanoTime() - finished.started) / 1e9;
        print(finished);
    }

    private static void print(Case one) {
        String type = one.test.getClassName().replaceAll(".*\\.", "");
        System.out.printf(
                "  %-7s %6.1f s  %s.%s%n",
                one.state(), one.seconds, type, one.test.getMethodName());
        if (one.failure != null) {
            System.out.println(one.failure.stripTrailing().indent(4).stripTrailing());
        }
    }

    private long count(String state) {
        return cases.values().stream().filter(one -> one.state().equals(state)).count();
    }

    private String summary(String suite) {
        return String.format(
                "%s: %d passed, %d failed, %d skipped",
                suite, count("passed"), count("FAILED"), count("skipped"));
    }

    private String xml(String suite) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        out.println("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        out.printf(
                "<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\">%n",
                escaped(suite), cases.size(), count("FAILED"), count("skipped"));
        for (Case one : cases.values()) {
            out.printf(
                    Locale.ROOT,
                    "  <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">%n",
                    escaped(one.test.getClassName()),
                    escaped(String.valueOf(one.test.getMethodName())),
                    one.seconds);
            if (one.failure != null) {
                out.printf("    <failure>%s</failure>%n", escaped(one.failure));
            } else if (one.skipped) {
                out.println("    <skipped/>");
            }
            out.println("  </testcase>");
        }
        out.println("</testsuite>");
        return text.toString();
    }

    private static String escaped(String text) {
        return text.replaceAll("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]", "?")
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
