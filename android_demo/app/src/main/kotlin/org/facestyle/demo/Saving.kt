package org.facestyle.demo

import android.graphics.Bitmap
import android.net.Uri
import java.io.File
import java.util.concurrent.Executor

/**
 * Saves and shares painted pictures; what became of each is in the [outbox].
 *
 * Any failure is told: nobody may believe that a picture is there.
 */
class Saving(
    private val store: PictureStore,
    private val background: Executor,
    private val outbox: Outbox,
) {
    /** Into the gallery, or as far as people's choice of a place; on any thread. */
    fun save(picture: Bitmap) = post {
        val kept = store.keep(picture)
        if (store.savesByItself) {
            store.save(kept)
            Outcome.Saved
        } else {
            Outcome.ToPlace(kept)
        }
    }

    /** For another app; on any thread. */
    fun share(picture: Bitmap) = post { Outcome.ToShare(store.keep(picture)) }

    /** A kept picture to the place that was chosen for it, in the background. */
    fun write(picture: File, place: Uri) = background.execute {
        post {
            store.write(picture, place)
            Outcome.Saved
        }
    }

    private fun post(what: () -> Outcome) =
        outbox.post(runCatching(what).getOrElse { Outcome.NotSaved(it.reason) })
}
