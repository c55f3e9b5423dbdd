package org.facestyle.demo

import android.app.Activity
import android.content.Intent
import android.os.Build
import android.os.Bundle
import android.view.WindowManager
import android.widget.TextView
import org.facestyle.core.BenchmarkDevice
import org.facestyle.core.BenchmarkFile
import org.facestyle.core.BenchmarkRow
import org.facestyle.core.BenchmarkRuntime
import org.tensorflow.lite.TensorFlowLite
import java.io.File
import java.io.IOException
import java.time.Instant

/** Measures one model for `facestyle bench --device android`; see benchmarks/android/README.md. */
class BenchmarkActivity : Activity() {

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        val order = try {
            Order.from(intent)
        } catch (_: IllegalArgumentException) {
            // Started by hand, without what it needs: nobody waits for a file.
            finish()
            return
        }
        setContentView(TextView(this).apply { text = order.model.name })
        Thread({
            leave(order)
            runOnUiThread(::finish)
        }, "benchmark").start()
    }

    /** Writes the result, or why there is none. */
    private fun leave(order: Order) {
        val folder = File(getExternalFilesDir(null), "benchmark").apply { mkdirs() }
        try {
            write(File(folder, "${order.output}.json"), measure(order))
        } catch (error: CannotRun) {
            write(File(folder, "${order.output}.error.txt"), error.message + "\n")
        } catch (error: IOException) {
            write(
                File(folder, "${order.output}.error.txt"),
                "cannot read the model: ${error.message}\n",
            )
        }
    }

    private fun measure(order: Order): String {
        val bytes = order.model.readBytes()
        val sha256 = sha256(bytes.inputStream())
        if (sha256 !=
            order.sha256
        ) {
            throw CannotRun("the model on the phone is not the one that was sent")
        }
        val demo = application as DemoApplication
        val measured = Benchmark(demo.engines, order, demo.studio.files::picture).run(bytes)
        val row = BenchmarkRow(
            file = BenchmarkFile(order.model.name, sha256, bytes.size.toLong()),
            runtime = BenchmarkRuntime(
                version = TensorFlowLite.runtimeVersion(),
                delegate = if (order.processor.gpu) "GPU" else "XNNPACK",
                threads = order.processor.threads,
                sha256 = librarySha256(),
            ),
            times = measured.times,
            loadNanos = measured.loadNanos,
            firstRunNanos = measured.firstRunNanos,
            sustained = measured.sustained,
            conditions = mapOf("run_id" to order.runId, "inputs" to "a picture"),
        )
        val app = packageManager.getPackageInfo(packageName, 0).versionName.orEmpty()
        return row.document(
            Instant.now(),
            mapOf("app" to app, "litert" to TensorFlowLite.runtimeVersion()),
            BenchmarkDevice(
                "${Build.MANUFACTURER} ${Build.MODEL}",
                "Android ${Build.VERSION.RELEASE}",
                Build.VERSION.SDK_INT,
            ),
        )
    }

    /** Of the native runtime; null where it stays inside the APK, whose own hash adb takes. */
    private fun librarySha256(): String? =
        File(applicationInfo.nativeLibraryDir, "libtensorflowlite_jni.so").takeIf(File::exists)
            ?.inputStream()?.use(::sha256)

    /** Under another name first: what the tool sees is whole. */
    private fun write(file: File, text: String) {
        val whole = File(file.path + ".new")
        whole.writeText(text)
        whole.renameTo(file)
    }

    /** What adb asks for. */
    class Order(
        val model: File,
        val sha256: String,
        val processor: Processor,
        val warmUp: Int,
        val runs: Int,
        val seconds: Float,
        val sustainSeconds: Float,
        val runId: String,
        val output: String,
        val strength: Float,
        val styleCode: FloatArray?,
    ) {
        companion object {
            private val NAME = Regex("[A-Za-z0-9_-]{1,64}")

            /** @throws IllegalArgumentException when something is missing. */
            fun from(intent: Intent): Order {
                fun text(name: String) = requireNotNull(intent.getStringExtra(name)) { "no $name" }
                val output = text("output")
                require(NAME.matches(output)) { "output must be a plain name" }
                val threads = intent.getIntExtra("threads", Studio.DEFAULT_THREADS)
                return Order(
                    model = File(text("model")),
                    sha256 = text("model_sha256"),
                    processor = Processor(intent.getStringExtra("delegate") == "gpu", threads),
                    warmUp = intent.getIntExtra("warm_up", 10),
                    runs = maxOf(1, intent.getIntExtra("runs", 50)),
                    seconds = intent.getFloatExtra("seconds", 0f),
                    sustainSeconds = intent.getFloatExtra("sustain_seconds", 0f),
                    runId = intent.getStringExtra("run_id").orEmpty(),
                    output = output,
                    strength = intent.getFloatExtra("strength", 1f),
                    styleCode = intent.getFloatArrayExtra("style_code"),
                )
            }
        }
    }
}
