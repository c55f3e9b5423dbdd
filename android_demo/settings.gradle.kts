// For Android Studio and Gradle 8.13 or later. Nothing here was run by this project's tests, which
// build the same sources without Gradle: python android_demo/offline/build.py apk

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode.set(RepositoriesMode.FAIL_ON_PROJECT_REPOS)
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "facestyle-demo"
include(":core", ":app")
