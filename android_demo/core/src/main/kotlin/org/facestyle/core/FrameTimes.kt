package org.facestyle.core

import kotlin.math.max

/** How long each frame of a benchmark took, stage by stage, in nanoseconds and in order. */
class FrameTimes {
    private var nanos = LongArray(STAGES.size * 4096)

    /** How many frames were added. */
    var frames = 0
        private set

    /** Of all frames together, end to end. */
    var totalNanos = 0L
        private set

    /** A frame; see `benchmarks/android/README.md` for what each stage is. */
    fun add(preprocess: Long, inference: Long, postprocess: Long, endToEnd: Long) {
        val from = STAGES.size * frames
        if (from == nanos.size) nanos = nanos.copyOf(2 * nanos.size)
        nanos[from] = preprocess
        nanos[from + INFERENCE] = inference
        nanos[from + 2] = postprocess
        nanos[from + END_TO_END] = endToEnd
        totalNanos += endToEnd
        frames++
    }

    /** What a frame took in a stage, an index of [STAGES]. */
    internal fun nanos(frame: Int, stage: Int): Long = nanos[STAGES.size * frame + stage]

    internal companion object {
        /** Names in the report. */
        val STAGES = listOf("preprocess", "inference", "postprocess", "end_to_end")
        const val INFERENCE = 1
        const val END_TO_END = 3
    }
}

/**
 * Inference over a long run, for what heat does to it.
 *
 * @property seconds of the frames, end to end.
 * @property windowSeconds of each window.
 * @property medians of inference in every whole window, in ms.
 */
internal class Windows(val seconds: Double, val windowSeconds: Double, val medians: List<Double>) {
    /** Median over the last fifth of the windows over that of the first fifth, less 1. */
    val drift: Double
        get() {
            val fifth = max(1, medians.size / 5)
            return median(medians.takeLast(fifth)) / median(medians.take(fifth)) - 1
        }

    companion object {
        /** Long enough for many frames, short enough to see a phone heat up. */
        private const val WINDOW_SECONDS = 10.0

        /** Of a run's frames, back to back; at least one. */
        fun of(times: FrameTimes): Windows {
            var last = 0L
            val ends = List(times.frames) {
                last += times.nanos(it, FrameTimes.END_TO_END)
                last / NANOS_A_SECOND
            }
            val frame = median(List(times.frames) { seconds(times, it, FrameTimes.END_TO_END) })
            // A window must hold a few frames, however slow they are.
            val length = max(WINDOW_SECONDS, 3 * frame)
            val medians = List(max(1, (ends.last() / length).toInt())) { window ->
                val from = ends.count { it < window * length }
                // When one frame hangs for longer than a window, it is that window's frame.
                val until = max(from + 1, ends.count { it < (window + 1) * length })
                1000 * median(
                    List(until - from) {
                        seconds(times, from + it, FrameTimes.INFERENCE)
                    },
                )
            }
            return Windows(ends.last(), length, medians)
        }

        private fun seconds(times: FrameTimes, frame: Int, stage: Int) =
            times.nanos(frame, stage) / NANOS_A_SECOND

        private fun median(values: List<Double>): Double {
            val sorted = values.sorted()
            return (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2
        }
    }
}
