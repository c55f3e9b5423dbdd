package org.facestyle.demo

import android.app.Activity
import android.content.pm.ApplicationInfo
import android.os.Build
import android.os.Bundle
import android.util.Log
import android.view.WindowManager
import android.widget.TextView
import org.facestyle.core.BenchmarkDevice
import org.facestyle.core.BenchmarkFile
import org.facestyle.core.BenchmarkRow
import org.facestyle.core.BenchmarkRuntime
import java.io.File
import java.io.IOException
import java.time.Instant
import java.util.zip.ZipFile

/** Measures one model for `facestyle bench --device android`; see benchmarks/android/README.md. */
class BenchmarkActivity : Activity() {

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        val output = BenchmarkOrder.output(intent)
        if (output == null) {
            // Started by hand, without what it needs: nobody waits for a file.
            finish()
            return
        }
        setContentView(TextView(this).apply { text = output })
        Thread({
            leave(output)
            runOnUiThread(::finish)
        }, "benchmark").start()
    }

    /**
     * Writes the result, or why there is none. When neither can be written the process dies of it,
     * which adb sees; it would wait for a file for minutes.
     */
    private fun leave(output: String) {
        val folder = File(getExternalFilesDir(null), "benchmark").apply { mkdirs() }
        val result = File(folder, "$output.json")
        val reason = File(folder, "$output.error.txt")
        // Of an earlier run: one of the two is all that may be there.
        result.delete()
        reason.delete()
        val text = try {
            measure(BenchmarkOrder.from(intent))
        } catch (@Suppress("TooGenericExceptionCaught") failure: Throwable) {
            // Whatever it is, also for want of memory or of a native library: somebody waits.
            Log.e("benchmark", "cannot measure", failure)
            write(reason, line(failure) + "\n")
            return
        }
        write(result, text)
    }

    private fun measure(order: BenchmarkOrder): String {
        val sha256 = try {
            order.model.inputStream().use(::sha256)
        } catch (error: IOException) {
            throw CannotRun("cannot read the model: ${error.message}", error)
        }
        if (sha256 != order.sha256) {
            throw CannotRun("the model on the phone is not the one that was sent")
        }
        val demo = application as DemoApplication
        val measured = Benchmark(demo.engines, order, demo.clock, demo.models.files::picture).run()
        val row = BenchmarkRow(
            file = BenchmarkFile(order.model.name, sha256, order.model.length()),
            runtime = BenchmarkRuntime(
                version = measured.version,
                delegate = if (measured.processor.gpu) "GPU" else "XNNPACK",
                threads = measured.processor.threads,
                sha256 = librarySha256(applicationInfo),
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
            listOfNotNull("app" to app, measured.version?.let { "litert" to it }).toMap(),
            BenchmarkDevice(
                "${Build.MANUFACTURER} ${Build.MODEL}",
                "Android ${Build.VERSION.RELEASE}",
                Build.VERSION.SDK_INT,
            ),
        )
    }

    /** Under another name first: what the tool sees is whole. */
    private fun write(file: File, text: String) {
        val whole = File(file.path + ".new")
        whole.writeText(text)
        if (!whole.renameTo(file)) throw IOException("$whole cannot be renamed")
    }

    private companion object {
        const val LIBRARY = "libtensorflowlite_jni.so"
        val SPACE = Regex("\\s+")

        /** For people; runtimes tell things in several lines. */
        fun line(failure: Throwable): String {
            val told = failure.message?.takeIf { failure is Exception } ?: failure.toString()
            return told.trim().replace(SPACE, " ")
        }

        /** Of the native runtime, installed beside the APK or loaded from within; null if neither. */
        fun librarySha256(info: ApplicationInfo): String? {
            val installed = info.nativeLibraryDir?.let { File(it, LIBRARY) }
            if (installed?.exists() == true) return installed.inputStream().use(::sha256)
            val archives = listOfNotNull(info.sourceDir) + info.splitSourceDirs.orEmpty()
            return archives.filter { File(it).exists() }.firstNotNullOfOrNull { path ->
                ZipFile(path).use { archive ->
                    // The phone installs those of the first processor that the app has any for.
                    Build.SUPPORTED_ABIS.firstNotNullOfOrNull {
                        archive.getEntry("lib/$it/$LIBRARY")
                    }
                        ?.let { archive.getInputStream(it).use(::sha256) }
                }
            }
        }
    }
}
