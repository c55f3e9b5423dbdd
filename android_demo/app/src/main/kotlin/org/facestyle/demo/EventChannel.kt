package org.facestyle.demo

import android.os.Handler
import android.os.Looper
import org.facestyle.core.Style
import java.io.File

/**
 * Events of background work for the screen that is there, or for the next one: a phone may be
 * turned meanwhile. Each is delivered once, in order. Belongs to the app; for the main thread, but
 * for [post].
 */
class EventChannel {
    private val main = Handler(Looper.getMainLooper())
    private val waiting = ArrayDeque<Outcome>()
    private var reader: ((Outcome) -> Unit)? = null

    /** From any thread. */
    fun post(outcome: Outcome) {
        main.post {
            waiting.addLast(outcome)
            deliver()
        }
    }

    /** Gives [to] what waits, and what comes, until [close]. */
    fun open(to: (Outcome) -> Unit) {
        reader = to
        deliver()
    }

    /** Ends what [open] began, unless another screen has come meanwhile. */
    fun close(to: (Outcome) -> Unit) {
        if (reader === to) reader = null
    }

    private fun deliver() {
        while (waiting.isNotEmpty()) {
            val to = reader ?: return
            to(waiting.removeFirst())
        }
    }
}

/** What became of something that was done in the background. */
sealed interface Outcome {
    data object Saved : Outcome

    class NotSaved(val error: Throwable) : Outcome

    /** It is saved in less than its full size, for want of memory. */
    data object Smaller : Outcome

    /** The live model painted it, because the one for photos could not. */
    class Plainer(val reason: String) : Outcome

    /** A picture is kept, and to be shared. */
    class ToShare(val picture: File) : Outcome

    /** A picture is kept, and people are to choose its place. */
    class ToPlace(val picture: File) : Outcome

    class StyleAdded(val style: Style) : Outcome

    data object BadPainting : Outcome

    /** A painting's style could not be read. */
    class NotRead(val reason: String) : Outcome

    data object NoMemory : Outcome
}

/** What people are told of an error: few have no message, and those have a name. */
val Throwable.reason: String get() = message ?: javaClass.simpleName
