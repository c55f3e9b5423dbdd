import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.lite.Interpreter;
import org.tensorflow.lite.TensorFlowLite;

/**
 * Executes a .tflite file as the app does, through Interpreter.runSignature.
 *
 * <p>Arguments: MODEL OUTPUT NAME=FILE..., as of run_model.c.
 */
public final class RunModel {
    private static final String SIGNATURE = "serving_default";

    private RunModel() {}

    public static void main(String[] arguments) throws IOException {
        Map<String, Object> inputs = new LinkedHashMap<>();
        for (int i = 2; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            inputs.put(pair[0], read(Path.of(pair[1])));
        }
        Interpreter.Options options = new Interpreter.Options().setNumThreads(2);
        try (Interpreter interpreter = new Interpreter(read(Path.of(arguments[0])), options)) {
            String name = interpreter.getSignatureOutputs(SIGNATURE)[0];
            int size = interpreter.getOutputTensorFromSignature(name, SIGNATURE).numBytes();
            ByteBuffer output = direct(size);
            long started = System.nanoTime();
            interpreter.runSignature(inputs, Map.of(name, output), SIGNATURE);
            double milliseconds = (System.nanoTime() - started) / 1e6;
            output.rewind();
            try (FileChannel file =
                    FileChannel.open(
                            Path.of(arguments[1]),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                file.write(output);
            }
            System.out.printf("TFLite %s, %.0f ms%n", TensorFlowLite.runtimeVersion(), milliseconds);
        }
    }

    private static ByteBuffer direct(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    private static ByteBuffer read(Path path) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        ByteBuffer buffer = direct(bytes.length).put(bytes);
        buffer.rewind();
        return buffer;
    }
}
