package org.facestyle.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View

/**
 * Shows a painted picture, and the original as long as a finger is on it; a click without touch, as
 * of TalkBack or a keyboard, changes between the two.
 */
class PaintedView @JvmOverloads constructor(context: Context, attributes: AttributeSet? = null) :
    View(context, attributes) {

    /** Called when the original appears (true) and disappears. */
    var onCompare: (Boolean) -> Unit = {}

    init {
        isClickable = true
    }

    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val placement = Matrix()
    private val source = RectF()
    private val target = RectF()
    private val outline = Path()
    private val corner = CORNER_DP * resources.displayMetrics.density
    private var shown: Pictures? = null

    /** Filled next: what is shown may still be on its way to the screen. */
    private var spare: Pictures? = null
    private var comparing = false
        set(value) {
            if (field == value) return
            field = value
            onCompare(value)
            invalidate()
        }

    /** Shows a picture and its original, both ARGB and row by row; from any thread. */
    fun show(photoPixels: IntArray, paintedPixels: IntArray, width: Int, height: Int) {
        synchronized(this) {
            val next = spare?.takeIf { it.fits(width, height) } ?: Pictures(width, height)
            next.photo.setPixels(photoPixels, 0, width, 0, 0, width, height)
            next.painted.setPixels(paintedPixels, 0, width, 0, 0, width, height)
            spare = shown
            shown = next
        }
        postInvalidateOnAnimation()
    }

    /** Shows nothing. */
    fun clear() {
        synchronized(this) {
            shown = null
            spare = null
        }
        postInvalidateOnAnimation()
    }

    override fun onDraw(canvas: Canvas) {
        synchronized(this) {
            val pictures = shown ?: return
            val bitmap = if (comparing) pictures.photo else pictures.painted
            source.set(0f, 0f, bitmap.width.toFloat(), bitmap.height.toFloat())
            target.set(0f, 0f, width.toFloat(), height.toFloat())
            placement.setRectToRect(source, target, Matrix.ScaleToFit.CENTER)
            placement.mapRect(target, source)
            outline.rewind()
            outline.addRoundRect(target, corner, corner, Path.Direction.CW)
            canvas.clipPath(outline)
            canvas.drawBitmap(bitmap, placement, smooth)
        }
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> comparing = true
            MotionEvent.ACTION_UP, MotionEvent.ACTION_CANCEL -> comparing = false
        }
        return true
    }

    override fun performClick(): Boolean {
        super.performClick()
        comparing = !comparing
        return true
    }

    private class Pictures(private val width: Int, private val height: Int) {
        val photo: Bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        val painted: Bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)

        fun fits(width: Int, height: Int) = width == this.width && height == this.height
    }

    private companion object {
        const val CORNER_DP = 12
    }
}
