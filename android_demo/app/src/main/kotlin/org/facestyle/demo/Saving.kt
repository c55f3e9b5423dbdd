package org.facestyle.demo

import android.graphics.Bitmap
import android.net.Uri
import java.io.File
import java.util.concurrent.Executor

/**
 * Saves and shares painted pictures; what became of each is in the [events].
 *
 * Any failure is told: nobody may believe that a picture is there.
 */
class Saving(
    private val store: PictureStore,
    private val background: Executor,
    private val events: EventChannel,
) {
    /** Into the gallery, or as far as people's choice of a place. */
    val save: MainViewModel.FullSize = Receiver { picture ->
        val kept = store.keep(picture)
        if (store.savesByItself) {
            store.save(kept)
            Outcome.Saved
        } else {
            Outcome.ToPlace(kept)
        }
    }

    /** For another app. */
    val share: MainViewModel.FullSize = Receiver { Outcome.ToShare(store.keep(it)) }

    /** A kept picture to the place that was chosen for it, in the background. */
    fun write(picture: File, place: Uri) = background.execute {
        post {
            store.write(picture, place)
            Outcome.Saved
        }
    }

    private inner class Receiver(private val keep: (Bitmap) -> Outcome) : MainViewModel.FullSize {
        override fun painted(picture: Bitmap) = post { keep(picture) }

        override fun smaller() = events.post(Outcome.Smaller)

        override fun plainer(reason: String) = events.post(Outcome.Plainer(reason))

        override fun failed(error: Throwable) = events.post(Outcome.NotSaved(error))
    }

    private fun post(what: () -> Outcome) =
        events.post(runCatching(what).getOrElse(Outcome::NotSaved))
}
